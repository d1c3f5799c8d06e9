//! The tools that each client brings along and that Bartizan never sees, because they aren't MCP:
//! its own shell, editor and web access, and servers that it reaches some other way.
//!
//! Data only, for `doctor` and the guide. Settings change; each line names where it is documented.

use serde::Serialize;

/// One way past Bartizan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BlindSpot {
    /// The client, by [`Client::name`](super::client::Client::name).
    pub client: &'static str,
    /// What it can do unseen.
    pub tool: &'static str,
    /// Where the setting is.
    pub setting: &'static str,
    /// What to write or choose there.
    pub close: &'static str,
    /// How far that goes.
    pub reach: Reach,
    /// Where it is documented.
    pub source: &'static str,
}

/// How far a setting goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The tool is gone.
    Closed,
    /// It remains, with less within its reach.
    Narrowed,
}

/// The blind spots of one client.
pub fn of(client: &str) -> impl Iterator<Item = &'static BlindSpot> {
    BLIND_SPOTS.iter().filter(move |spot| spot.client == client)
}

const CLAUDE_SETTINGS: &str =
    "`permissions.deny` in ~/.claude/settings.json, or in managed-settings.json for everyone";
const CLAUDE_PERMISSIONS: &str = "https://code.claude.com/docs/en/permissions";
const CLAUDE_MCP: &str = "https://code.claude.com/docs/en/mcp";
const DESKTOP_KEYS: &str = "https://claude.com/docs/third-party/claude-desktop/configuration";
const DESKTOP_POLICY: &str = "managed preferences (macOS) or registry policy (Windows)";
const CURSOR_SETTINGS: &str =
    "`permissions.deny` in ~/.cursor/cli-config.json (Cursor's command line)";
const CURSOR_PERMISSIONS: &str = "https://cursor.com/docs/cli/reference/permissions";
const CODE_AGENT: &str = "`tools` of a custom agent (.github/agents/NAME.agent.md)";
const CODE_AGENTS: &str =
    "https://code.visualstudio.com/docs/agents/reference/custom-agent-file-reference";
const CODEX_FILE: &str = "~/.codex/config.toml";
const CODEX_REFERENCE: &str = "https://developers.openai.com/codex/config-reference";

const fn spot(
    [client, tool, setting, close, source]: [&'static str; 5],
    reach: Reach,
) -> BlindSpot {
    BlindSpot { client, tool, setting, close, reach, source }
}

/// Every one that is known.
#[rustfmt::skip]
pub const BLIND_SPOTS: [BlindSpot; 20] = [
    spot(["claude-desktop", "connectors, reached from Anthropic's side", "Customize > Connectors",
        "disconnect them", "https://support.claude.com/en/articles/11503834"], Reach::Closed),
    spot(["claude-desktop", "desktop extensions (.mcpb)", DESKTOP_POLICY,
        "isDesktopExtensionEnabled = false", DESKTOP_KEYS], Reach::Closed),
    spot(["claude-desktop", "Claude Code inside the app", DESKTOP_POLICY,
        "isClaudeCodeForDesktopEnabled = false", DESKTOP_KEYS], Reach::Closed),
    spot(["claude-desktop", "built-in tools of managed deployments", DESKTOP_POLICY,
        "name them in disabledBuiltinTools", DESKTOP_KEYS], Reach::Closed),
    spot(["claude-code", "shell", CLAUDE_SETTINGS, "\"Bash\"", CLAUDE_PERMISSIONS], Reach::Closed),
    spot(["claude-code", "editing files", CLAUDE_SETTINGS,
        "\"Edit\", \"Write\", \"NotebookEdit\"", CLAUDE_PERMISSIONS], Reach::Closed),
    spot(["claude-code", "reading files", CLAUDE_SETTINGS,
        "\"Read\", \"Glob\", \"Grep\"", CLAUDE_PERMISSIONS], Reach::Closed),
    spot(["claude-code", "web fetch and search", CLAUDE_SETTINGS,
        "\"WebFetch\", \"WebSearch\"", CLAUDE_PERMISSIONS], Reach::Closed),
    spot(["claude-code", "connectors of claude.ai", "environment",
        "ENABLE_CLAUDEAI_MCP_SERVERS=false", CLAUDE_MCP], Reach::Closed),
    spot(["claude-code", "servers added later or brought by plugins", "managed-mcp.json",
        "list the servers there; others aren't loaded", CLAUDE_MCP], Reach::Closed),
    spot(["cursor", "shell", CURSOR_SETTINGS, "\"Shell(*)\"", CURSOR_PERMISSIONS], Reach::Closed),
    spot(["cursor", "editing files", CURSOR_SETTINGS,
        "\"Write(**)\"", CURSOR_PERMISSIONS], Reach::Closed),
    spot(["cursor", "web fetch", CURSOR_SETTINGS,
        "\"WebFetch(*)\"", CURSOR_PERMISSIONS], Reach::Closed),
    spot(["cursor", "shell and files in the editor", "~/.cursor/sandbox.json",
        "\"type\": \"workspace_readonly\", \"networkPolicy\": { \"default\": \"deny\" }",
        "https://cursor.com/docs/reference/sandbox"], Reach::Narrowed),
    spot(["vscode", "shell, editing and web", CODE_AGENT,
        "name only MCP servers, such as ['github/*'], and no execute, edit or web",
        CODE_AGENTS], Reach::Narrowed),
    spot(["vscode", "shell", "settings.json", "\"chat.agent.sandbox.enabled\": true",
        "https://code.visualstudio.com/docs/agents/approvals"], Reach::Narrowed),
    spot(["vscode", "servers found in other clients' files", "settings.json",
        "\"chat.mcp.discovery.enabled\": false",
        "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration"], Reach::Closed),
    spot(["codex", "shell", CODEX_FILE,
        "features.shell_tool = false, features.unified_exec = false", CODEX_REFERENCE],
        Reach::Closed),
    spot(["codex", "editing files", CODEX_FILE, "sandbox_mode = \"read-only\"",
        CODEX_REFERENCE], Reach::Narrowed),
    spot(["codex", "web search", CODEX_FILE, "web_search = \"disabled\"",
        CODEX_REFERENCE], Reach::Closed),
];

#[cfg(test)]
mod tests {
    use super::super::client::CLIENTS;
    use super::{BLIND_SPOTS, of};

    #[test]
    fn every_client_has_its_blind_spots_and_every_spot_its_client() {
        for client in CLIENTS {
            assert!(of(client.name).count() > 0, "{} has none", client.name);
        }
        for spot in &BLIND_SPOTS {
            assert!(CLIENTS.iter().any(|client| client.name == spot.client), "{spot:?}");
            assert!(spot.source.starts_with("https://"), "{spot:?}");
        }
    }
}
