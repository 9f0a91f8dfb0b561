//! What a request takes from its caller's quota.

use http::{HeaderName, Method};

use crate::{
    LimitCost,
    check::merge::picker::{Picker, Stack},
    file::{CostFields, CostFile, Count, LimitFile},
};

pub(super) fn merge_cost(picker: &mut Picker<'_, '_>, stack: &Stack<'_, LimitFile>) -> LimitCost {
    picker.pick(
        stack,
        "cost",
        |block| block.cost.as_ref(),
        |cost| match cost {
            CostFile::Fields(fields) => read_fields(fields),
            CostFile::Number(base) => LimitCost {
                base: small(*base),
                ..LimitCost::default()
            },
        },
        LimitCost::default(),
        show,
    )
}

/// A name that cannot be one has been reported.
fn read_fields(fields: &CostFields) -> LimitCost {
    let standard = LimitCost::default();
    let methods = fields.methods.as_ref().map_or(&[][..], |at| &at.value.0);
    let header = fields.response_header.as_ref();
    LimitCost {
        base: fields
            .base
            .as_ref()
            .map_or(standard.base, |at| small(at.value)),
        methods: methods
            .iter()
            .filter_map(|(name, cost)| {
                let method = Method::from_bytes(name.as_bytes()).ok()?;
                Some((method, small(cost.value)))
            })
            .collect(),
        response_header: header.and_then(|at| HeaderName::from_bytes(at.value.as_bytes()).ok()),
    }
}

/// What is larger is out of bounds and has been reported.
fn small(count: Count) -> u32 {
    u32::try_from(count.0).unwrap_or(u32::MAX)
}

fn show(cost: &LimitCost) -> String {
    let mut fields = vec![format!("base: {}", cost.base)];
    if !cost.methods.is_empty() {
        let methods = cost.methods.iter();
        let methods: Vec<_> = methods
            .map(|(method, cost)| format!("{method}: {cost}"))
            .collect();
        fields.push(format!("methods: {{{}}}", methods.join(", ")));
    }
    if let Some(header) = &cost.response_header {
        fields.push(format!("response_header: {header}"));
    }
    match &fields[..] {
        [_] => cost.base.to_string(),
        _ => format!("{{{}}}", fields.join(", ")),
    }
}
