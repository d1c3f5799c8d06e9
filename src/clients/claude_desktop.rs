//! Claude Desktop: one JSON file of stdio servers. Servers by `url` are added in its settings and
//! run from Anthropic's side, so they aren't in the file and can't be led through Bartizan here.
//! <https://support.claude.com/en/articles/11503834>

use super::client::{Client, Place, Scope};
use super::edit::Format;
use super::template::Expansion;
use super::{Home, Os};

pub(super) const CLIENT: Client = Client {
    name: "claude-desktop",
    title: "Claude Desktop",
    places,
    format: Format::Jsonc,
    expansion: Expansion::None,
    remote: false,
    reload: "quit Claude Desktop and start it again",
};

fn places(home: &Home) -> Vec<Place> {
    let folder = match home.os {
        Os::Mac => home.home.join("Library/Application Support/Claude"),
        Os::Windows => home.home.join("AppData/Roaming/Claude"),
        Os::Linux => home.home.join(".config/Claude"),
    };
    let path = folder.join("claude_desktop_config.json");
    vec![Place { path, scope: Scope::User, roots: &[&["mcpServers"]] }]
}
