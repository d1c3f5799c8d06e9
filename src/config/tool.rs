//! What holds of one tool, prompt or resource: the configuration's own words first, then what the
//! shipped catalogue knows of the server. Of what nobody speaks of, nothing is said.

use super::{Config, file};
use crate::{
    catalog::Kind,
    classes::{Catalogue, Class, Evidence, Known},
    inspect::Mode,
    mcp::Json,
    settings::{Modes, ToolSettings},
    upstream::route::Route,
};

/// A server as it was met.
#[derive(Clone, Copy, Debug)]
pub struct Met<'a> {
    /// Its name in the configuration.
    pub upstream: &'a str,
    /// The way to it, as it is pinned.
    pub route: &'a Json,
    /// Its `serverInfo`, unverified.
    pub says: &'a Json,
}

impl Config {
    /// Settings as far as the configuration alone shows them: of a server that nobody met yet.
    pub fn tool_settings(&self, upstream: &str, kind: Kind, name: &str) -> ToolSettings {
        let route = self.file.upstreams.get(upstream).and_then(stated_route);
        let route = route.as_ref().map(Route::definition);
        let known = self.known(upstream, route, None);
        self.resolved(upstream, kind, name, known)
    }

    /// Settings of something that a server offers.
    pub fn settings_met(&self, met: Met<'_>, kind: Kind, name: &str) -> ToolSettings {
        let known = self.known(met.upstream, Some(met.route), Some(met.says));
        self.resolved(met.upstream, kind, name, known)
    }

    /// The catalogue's entry for a server.
    pub fn known(&self, upstream: &str, route: Option<&Json>, says: Option<&Json>) -> Known {
        let stated = self.file.upstreams.get(upstream).and_then(|it| it.catalogue.as_deref());
        Catalogue::shipped().recognise(Evidence { stated, route, says })
    }

    fn resolved(&self, upstream: &str, kind: Kind, name: &str, known: Known) -> ToolSettings {
        let stated = self.file.upstreams.get(upstream);
        let tool = stated
            .filter(|_| kind == Kind::Tool)
            .and_then(|upstream| upstream.tools.get(name))
            .cloned()
            .unwrap_or_default();
        let defaults = stated.map(file::Upstream::defaults).unwrap_or_default();
        let known = match kind {
            Kind::Tool => known.tool(name),
            Kind::Resource | Kind::Template => known.resources(),
            Kind::Prompt => None,
        };
        let known_classes = known.as_ref().map(|known| names(&known.classes));
        let classes = tool.classes.or(defaults.classes).or(known_classes).unwrap_or_default();
        let known_risk = known.as_ref().map(|known| known.risk);
        ToolSettings {
            risk: tool.risk.or(defaults.risk).or(known_risk).unwrap_or_default(),
            classes,
            destinations: known.map(|known| known.destinations).unwrap_or_default(),
            structured: tool
                .structured
                .or(defaults.structured)
                .unwrap_or(self.file.spotlight.structured),
            hold: tool.hold.or(defaults.hold).unwrap_or(false),
            modes: self.modes(stated),
        }
    }

    fn modes(&self, upstream: Option<&file::Upstream>) -> Modes {
        let observes = |mode: Option<Mode>| mode == Some(Mode::Observe);
        if observes(self.file.mode) || observes(upstream.and_then(|it| it.mode)) {
            return Modes::OBSERVE;
        }
        let doors = &self.file.doors;
        Modes {
            access: doors.access,
            limits: doors.limits,
            schema: doors.schema,
            firewall: doors.firewall,
            approval: doors.approval,
        }
    }
}

fn names(classes: &[Class]) -> Vec<String> {
    classes.iter().map(|class| class.name().to_owned()).collect()
}

/// The way to a server as its section states it. Of a referred address nothing is known before it
/// is read.
fn stated_route(stated: &file::Upstream) -> Option<Route> {
    if let Some(words) = &stated.command {
        return Some(Route::stated_command(words, None));
    }
    let url = stated.url.as_ref()?;
    Some(Route::address(url, &url::Url::parse(url.written()).ok()?, None))
}
