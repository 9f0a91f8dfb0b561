//! The steps, one file each: a thin shell around a question that `engine` answers.

pub(crate) mod admit;
pub(crate) mod answer;
pub(crate) mod decode;
pub(crate) mod dictionary;
pub(crate) mod encode;
pub(crate) mod examine;
pub(crate) mod fetch;
pub(crate) mod gather;
pub(crate) mod guard;
pub(crate) mod identify;
pub(crate) mod invalidate;
pub(crate) mod join;
pub(crate) mod keep;
pub(crate) mod limit;
pub(crate) mod lookup;
pub(crate) mod purge;
pub(crate) mod renew;
pub(crate) mod route;
pub(crate) mod transform;
