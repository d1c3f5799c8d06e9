//! Claude Code: `~/.claude.json` with a person's servers, for all projects and for each, and
//! `.mcp.json` with those that a project shares. <https://code.claude.com/docs/en/mcp>

use super::Home;
use super::client::{Client, Place, Scope};
use super::edit::Format;
use super::template::Expansion;

pub(super) const CLIENT: Client = Client {
    name: "claude-code",
    title: "Claude Code",
    places,
    format: Format::Jsonc,
    expansion: Expansion::Shell,
    remote: true,
    reload: "start a new session; a changed `.mcp.json` asks for approval again",
};

fn places(home: &Home) -> Vec<Place> {
    let user = Place {
        path: home.home.join(".claude.json"),
        scope: Scope::User,
        roots: &[&["mcpServers"], &["projects", "*", "mcpServers"]],
    };
    let project = home.project.as_ref().map(|project| Place {
        path: project.join(".mcp.json"),
        scope: Scope::Project,
        roots: &[&["mcpServers"]],
    });
    [user].into_iter().chain(project).collect()
}
