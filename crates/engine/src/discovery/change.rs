//! From the endpoints there were to those there are now.

use std::collections::HashMap;

use policy::{Endpoint, EndpointAddress, Scheme};

use super::known::identity;

/// What becomes of a set of endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// All that there are now, in their order.
    pub members: Vec<Member>,
    /// The positions of those that are not among them any more, ascending.
    pub gone: Vec<usize>,
}

/// One endpoint after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// Nothing is known of it yet.
    New(Endpoint),
    /// The one that was at this position; its weight, priority and zone may differ.
    Stays(usize, Endpoint),
}

/// What makes an endpoint the one it was before: who goes by another name now has to be asked for by
/// that, and be who it says, and connections that were opened under the old one are not that.
fn known_as(endpoint: &Endpoint) -> (Scheme, &EndpointAddress, Option<&str>) {
    let (scheme, address) = identity(endpoint);
    (scheme, address, endpoint.name.as_deref())
}

// === impl Change ===

impl Change {
    /// What has to happen to `current` so that it is `wanted`; takes time in proportion to both.
    ///
    /// A configuration may list one endpoint twice to give it two shares: each is found again.
    pub fn between<'a>(
        current: impl IntoIterator<Item = &'a Endpoint>,
        wanted: Vec<Endpoint>,
    ) -> Self {
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, endpoint) in current.into_iter().enumerate() {
            places.entry(known_as(endpoint)).or_default().push(place);
        }
        places.values_mut().for_each(|places| places.reverse());
        let kept: Vec<Option<usize>> = (wanted.iter())
            .map(|endpoint| places.get_mut(&known_as(endpoint)).and_then(Vec::pop))
            .collect();
        let mut gone: Vec<usize> = places.into_values().flatten().collect();
        gone.sort_unstable();
        let members = kept.into_iter().zip(wanted);
        let members = members
            .map(|(place, endpoint)| match place {
                Some(place) => Member::Stays(place, endpoint),
                None => Member::New(endpoint),
            })
            .collect();
        Self { members, gone }
    }
}
