//! Cursor: `mcp.json` under `.cursor`, a person's and a project's. <https://cursor.com/docs/mcp>

use super::Home;
use super::client::{Client, Place, Scope};
use super::edit::Format;
use super::template::Expansion;

pub(super) const CLIENT: Client = Client {
    name: "cursor",
    title: "Cursor",
    places,
    format: Format::Jsonc,
    expansion: Expansion::Editor,
    remote: true,
    reload: "restart Cursor, or switch the server off and on under MCP in its settings",
};

fn places(home: &Home) -> Vec<Place> {
    let place = |folder: &std::path::Path, scope| Place {
        path: folder.join(".cursor/mcp.json"),
        scope,
        roots: &[&["mcpServers"]],
    };
    let project = home.project.as_deref().map(|project| place(project, Scope::Project));
    [place(&home.home, Scope::User)].into_iter().chain(project).collect()
}
