//! Destinations that the definitions of servers name: a description is read before anything else, and by
//! every agent. A server may say where its own calls go; where another's go is not for it to say.

use std::{collections::HashMap, sync::Arc};

use super::token::{self, Kind};
use crate::mcp::Json;

/// Which server first names an address or an account in its definitions.
#[derive(Clone, Debug, Default)]
pub struct Advertised(HashMap<(Kind, String), Arc<str>>);

/// Destinations that are kept; a server with more of them says nothing that an agent reads.
const DESTINATIONS_MAX: usize = 16_384;
/// Hosts for examples (RFC 2606).
const EXAMPLES: [&str; 4] = ["example.com", "example.org", "example.net", "localhost"];

impl Advertised {
    /// Adds what one server says.
    pub fn add(&mut self, server: &Arc<str>, said: &Json) {
        match said {
            Json::String(text) => token::each(text, &mut |kind, token| {
                if matches!(kind, Kind::Url | Kind::Email | Kind::Account) {
                    self.keep(server, kind, token);
                }
            }),
            Json::Array(items) => items.iter().for_each(|item| self.add(server, item)),
            Json::Object(object) => object.iter().for_each(|(_, value)| self.add(server, value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn keep(&mut self, server: &Arc<str>, kind: Kind, token: &str) {
        let page = token.split('?').next().unwrap_or(token);
        let host = page.split(['/', ':']).next().unwrap_or(page);
        let example = EXAMPLES.iter().any(|it| host == *it || host.ends_with(&format!(".{it}")));
        // `importer.py` is a file here, and no address.
        let address = kind != Kind::Url || page.contains('/');
        if !example && address && self.0.len() < DESTINATIONS_MAX {
            let place = (kind, page.to_owned());
            self.0.entry(place).or_insert_with(|| Arc::clone(server));
        }
    }

    /// The server that names this destination, unless it is `own`.
    pub(super) fn by_another(&self, own: &str, kind: Kind, token: &str) -> Option<&Arc<str>> {
        let page = token.split('?').next().unwrap_or(token);
        let named = match kind {
            Kind::Url => token::above(page).chain([page]).find_map(|page| self.at(kind, page)),
            _ => self.at(kind, page),
        };
        named.filter(|server| ***server != *own)
    }

    fn at(&self, kind: Kind, token: &str) -> Option<&Arc<str>> {
        self.0.get(&(kind, token.to_owned()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
