//! Under which keys what a client calls by one URL may be kept.

use engine::cache::{
    key::{KeyParts, canonical_query},
    purge::Target,
};
use policy::{Policies, Scheme};
use store::SearchVariances;

/// The targets that stand for `what`: of a URL with a query one for each way in which a route keeps it.
pub(crate) fn inner_keys(
    policies: &Policies,
    searches: &SearchVariances,
    what: &Target,
) -> Vec<Target> {
    let Target::Url {
        host,
        path,
        query: Some(query),
    } = what
    else {
        return vec![what.clone()];
    };
    let mut queries = vec![Some(query.clone())];
    for route in &policies.routes {
        let Some(cache) = &route.cache else { continue };
        let rules = &cache.key.query;
        let mut add = |kept: Option<String>| {
            if !queries.contains(&kept) {
                queries.push(kept);
            }
        };
        add(canonical_query(query, rules, None));
        if !rules.no_vary_search {
            continue;
        }
        let said = searches.get(&KeyParts {
            route: &route.name,
            scheme: Scheme::Http,
            host,
            port: 0,
            path,
            query: None,
            user: None,
            body: None,
        });
        if let Some(said) = said {
            add(canonical_query(query, rules, Some(&said)));
        }
    }
    let url = |query| Target::Url {
        host: host.clone(),
        path: path.clone(),
        query,
    };
    queries.into_iter().map(url).collect()
}
