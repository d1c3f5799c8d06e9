//! Destinations that the definitions of servers name: a description is read before anything else, and by
//! every agent. A server may say where its own calls go; where another's go is not for it to say.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::token::{self, Kind};
use crate::mcp::Json;

/// Which servers name an address or an account in their definitions.
#[derive(Clone, Debug, Default)]
pub struct Advertised {
    by: HashMap<(Kind, String), BTreeSet<Arc<str>>>,
    /// How many each has named.
    counts: HashMap<Arc<str>, usize>,
}

/// Destinations that are kept of one server; what names more says nothing that an agent reads.
const DESTINATIONS_MAX: usize = 4_096;
/// Hosts for examples (RFC 2606).
const EXAMPLES: [&str; 4] = ["example.com", "example.org", "example.net", "localhost"];
/// Members that name a thing, and are not read as words.
const NAMES: [&str; 4] = ["uri", "uriTemplate", "$schema", "$id"];

impl Advertised {
    /// Adds what one server says.
    pub fn add(&mut self, server: &Arc<str>, said: &Json) {
        match said {
            Json::String(text) => token::each(text, &mut |kind, token| {
                // `importer.py` is a file here, and no address.
                let address = kind == Kind::Url && (token.contains('/') || text.contains("://"));
                if address || matches!(kind, Kind::Email | Kind::Account) {
                    self.keep(server, kind, token);
                }
            }),
            Json::Array(items) => items.iter().for_each(|item| self.add(server, item)),
            Json::Object(object) => {
                let read = object.iter().filter(|(key, _)| !NAMES.contains(key));
                read.for_each(|(_, value)| self.add(server, value));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn keep(&mut self, server: &Arc<str>, kind: Kind, token: &str) {
        let page = page_of(token);
        let place = page.rsplit('@').next().unwrap_or(page);
        let host = place.split(['/', ':']).next().unwrap_or(place);
        let example = EXAMPLES.iter().any(|it| host == *it || host.ends_with(&format!(".{it}")));
        let count = self.counts.entry(Arc::clone(server)).or_default();
        if example || *count >= DESTINATIONS_MAX {
            return;
        }
        *count += 1;
        self.by.entry((kind, page.to_owned())).or_default().insert(Arc::clone(server));
    }

    /// A server that names this destination, unless `own` does too.
    pub(super) fn by_another(&self, own: &str, kind: Kind, token: &str) -> Option<&Arc<str>> {
        let page = page_of(token);
        let host = page.split('/').next().unwrap_or(page);
        let named = match kind {
            Kind::Url => {
                let pages = [page].into_iter().chain(token::above(page)).chain([host]);
                pages.into_iter().find_map(|page| self.by.get(&(kind, page.to_owned())))
            }
            _ => self.by.get(&(kind, page.to_owned())),
        }?;
        named.first().filter(|_| !named.contains(own))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by.is_empty()
    }
}

fn page_of(token: &str) -> &str {
    token.split('?').next().unwrap_or(token)
}
