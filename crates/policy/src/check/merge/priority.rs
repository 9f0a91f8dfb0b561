//! How urgent a route's requests are.

use crate::{Priority, SettingOrigin};

use super::{Layer, picker::Picker};

/// The last layer's word; nothing is noted when there is none, because then the upstream decides.
pub(super) fn merge_priority(
    picker: &mut Picker<'_, '_>,
    layers: &[Layer<'_>],
) -> Option<Priority> {
    let mut said = layers.iter().rev();
    let (policy, at) = said.find_map(|layer| layer.blocks.priority.map(|at| (layer.policy, at)))?;
    let priority = at.value.priority();
    let line = picker.findings.line(at.node);
    let origin = match policy {
        None => SettingOrigin::Route { line },
        Some(name) => SettingOrigin::Policy {
            name: name.to_owned(),
            line,
        },
    };
    let shown = picker.findings.written(at.node);
    let shown = shown.unwrap_or(priority.as_str()).to_owned();
    picker.note("", "priority", shown, origin);
    Some(priority)
}
