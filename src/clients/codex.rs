//! Codex: `[mcp_servers.NAME]` in `config.toml`, a person's and, where Codex trusts it, a
//! project's. <https://developers.openai.com/codex/config-reference>

use super::Home;
use super::client::{Client, Place, Scope};
use super::edit::Format;
use super::template::Expansion;

pub(super) const CLIENT: Client = Client {
    name: "codex",
    title: "Codex",
    places,
    format: Format::Toml,
    expansion: Expansion::None,
    remote: true,
    reload: "start a new session",
};

fn places(home: &Home) -> Vec<Place> {
    let place = |folder: &std::path::Path, scope| Place {
        path: folder.join(".codex/config.toml"),
        scope,
        roots: &[&["mcp_servers"]],
    };
    let project = home.project.as_deref().map(|project| place(project, Scope::Project));
    [place(&home.home, Scope::User)].into_iter().chain(project).collect()
}
