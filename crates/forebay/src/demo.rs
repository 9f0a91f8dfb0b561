//! x
use crate::{args::DemoArgs, exit::Exit, output::Paint};
pub(crate) fn demo(_args: &DemoArgs, _paint: Paint) -> Exit {
    Exit::Ok
}
