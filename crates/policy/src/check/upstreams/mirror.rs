//! Who else gets a copy of some requests.

use crate::{
    ByteSize, Mirror, Percent,
    check::{findings::Findings, known::Known},
    diagnostic::Code,
    file::{At, MirrorFile},
};

use super::{MOST_REPLAYED, REPLAYED, mode};

/// `own` is the upstream whose requests are copied.
pub(super) fn check_mirror(
    findings: &mut Findings<'_>,
    mirror: &At<MirrorFile>,
    known: &mut Known<'_>,
    own: usize,
) -> Option<Mirror> {
    let shape = &mirror.value;
    let some = (Percent::of(1), Percent::of(100));
    let share = findings.share_within(shape.share.as_ref(), Percent::of(100), some);
    let sizes = (ByteSize::from_bytes(0), MOST_REPLAYED);
    let max_body = findings.size(shape.max_body.as_ref(), REPLAYED, sizes);
    let max_in_flight = findings.count(shape.max_in_flight.as_ref(), 64, (1, 10_000));
    let Some(name) = &shape.upstream else {
        let help = "name the upstream that gets the copies";
        findings.missing(mirror.node, "upstream", help);
        return None;
    };
    let upstream = known.use_upstream(findings, name)?;
    if upstream == own {
        let message = "an upstream cannot be its own mirror".to_owned();
        let help = "name another upstream, which gets copies of these requests";
        findings.error(name.node, Code::Contradiction, message, help);
    }
    Some(Mirror {
        mode: mode(shape.mode.as_ref()),
        upstream,
        share,
        max_body,
        max_in_flight,
    })
}
