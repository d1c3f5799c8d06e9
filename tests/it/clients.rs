//! The clients' own files, end to end: installed into, started from as each client would, put back.

mod machine;
mod provider;

use std::collections::BTreeMap;

use bartizan::{clients::edit::Format, config::Config};
use machine::{Entry, Machine, Place};
use provider::Provider;
use serde_json::{Value, json};

use crate::{
    support::{Client, Era, Fixture},
    wrap::Wrapped,
};

/// What every secret here begins with.
const SECRET: &str = "not-a-real-";

const CLAUDE_DESKTOP: Place = Place {
    path: "~/.config/Claude/claude_desktop_config.json",
    format: Format::Jsonc,
    root: "mcpServers",
};
const CLAUDE_CODE: Place = Place { path: "./.mcp.json", format: Format::Jsonc, root: "mcpServers" };
const CURSOR: Place =
    Place { path: "~/.cursor/mcp.json", format: Format::Jsonc, root: "mcpServers" };
const VSCODE: Place = Place { path: "./.vscode/mcp.json", format: Format::Jsonc, root: "servers" };
const CODEX: Place =
    Place { path: "~/.codex/config.toml", format: Format::Toml, root: "mcp_servers" };
const PLACES: [Place; 5] = [CLAUDE_DESKTOP, CLAUDE_CODE, CURSOR, VSCODE, CODEX];

/// What clients fill in by themselves before they start a server.
const FILLED: [(&str, &str); 4] = [
    ("${BILLING_API_KEY}", "not-a-real-billing-key"),
    ("${BILLING_REGION:-eu}", "eu"),
    ("${workspaceFolder}", "/srv/shop"),
    ("${input:search-key}", "not-a-real-search-answer"),
];

/// What the reports say to put into the gateway's environment.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("INTERNAL_TOKEN", "not-a-real-internal-token"),
    ("COPILOT_TOKEN", "not-a-real-copilot-token"),
    ("FIGMA_OAUTH_TOKEN", "not-a-real-figma-token"),
    ("SEARCH_KEY", "not-a-real-search-answer"),
];

/// A home with five clients, and the servers they use.
struct Home {
    machine: Machine,
    originals: Vec<String>,
    providers: Vec<Provider>,
}

impl Home {
    async fn new() -> Self {
        let machine = Machine::new();
        let internal = Provider::with_key("internal_report", "not-a-real-internal-token").await;
        let copilot = Provider::with_key("copilot_issue", "not-a-real-copilot-token").await;
        let figma = Provider::with_key("figma_frame", "not-a-real-figma-token").await;
        let secret = "not-a-real-client-secret";
        let design = Provider::with_login("design_search", "bartizan-test", secret).await;
        machine.write(CLAUDE_DESKTOP.path, &claude_desktop(&machine));
        machine.write(CLAUDE_CODE.path, &claude_code(&machine, &internal.url()));
        machine.write(CURSOR.path, &cursor(&machine, &design.url()));
        machine.write(VSCODE.path, &vscode(&machine, &copilot.url()));
        machine.write(CODEX.path, &codex(&machine, &figma.url()));
        let originals = PLACES.iter().map(|place| machine.read(place.path)).collect();
        Self { machine, originals, providers: vec![internal, copilot, figma, design] }
    }

    fn assert_original(&self) {
        for (place, original) in PLACES.iter().zip(&self.originals) {
            assert_eq!(self.machine.read(place.path), *original, "{}", place.path);
        }
    }
}

fn claude_desktop(machine: &Machine) -> String {
    let github = machine.program("github-mcp", "[ \"$GITHUB_TOKEN\" = not-a-real-github-token ]");
    let search = machine.program("search-mcp", "[ \"$1 $2\" = \"--api-key not-a-real-search\" ]");
    let notes = machine.program("notes-mcp", "[ -z \"$GITHUB_TOKEN\" ]");
    format!(
        r#"{{
  "globalShortcut": "Ctrl+Space",
  "mcpServers": {{
    "github": {{
      "command": "{github}",
      "args": ["--toolsets", "repos"],
      "env": {{ "GITHUB_HOST": "github.example", "GITHUB_TOKEN": "not-a-real-github-token" }}
    }},
    "web__search for a very long name of mine": {{
      "command": "{search}", "args": ["--api-key", "not-a-real-search"]
    }},
    "notes": {{ "command": "{notes}" }}
  }}
}}
"#
    )
}

fn claude_code(machine: &Machine, url: &str) -> String {
    let billing = machine.program(
        "billing-mcp",
        "[ \"$BILLING_API_KEY $1\" = \"not-a-real-billing-key --region=eu\" ]",
    );
    let tracker = machine.program("tracker-mcp", "[ \"$TRACKER_PAT\" = not-a-real-tracker-pat ]");
    format!(
        r#"{{
  "mcpServers": {{
    "billing": {{
      "command": "{billing}",
      "args": ["--region=${{BILLING_REGION:-eu}}"],
      "env": {{ "BILLING_API_KEY": "${{BILLING_API_KEY}}" }}
    }},
    "tracker": {{
      "type": "stdio",
      "command": "{tracker}",
      "args": [],
      "env": {{ "TRACKER_PAT": "not-a-real-tracker-pat" }}
    }},
    "internal-api": {{
      "type": "http",
      "url": "{url}",
      "headers": {{ "Authorization": "Bearer ${{INTERNAL_TOKEN}}" }}
    }}
  }}
}}
"#
    )
}

fn cursor(machine: &Machine, url: &str) -> String {
    let notion = machine.program("notion-mcp", "[ \"$NOTION_TOKEN\" = not-a-real-notion-token ]");
    format!(
        "{{\n\t\"mcpServers\": {{\n\t\t\"notion\": {{\n\t\t\t\"command\": \"{notion}\",\n\t\t\t\
         \"env\": {{ \"NOTION_TOKEN\": \"not-a-real-notion-token\", \"LOG_LEVEL\": \"info\" }}\n\t\t}},\n\
         \t\t\"design\": {{\n\t\t\t\"url\": \"{url}\",\n\t\t\t\"auth\": {{ \"CLIENT_ID\": \"bartizan-test\", \
         \"CLIENT_SECRET\": \"not-a-real-client-secret\", \"scopes\": [\"files:read\"] }}\n\t\t}}\n\t}}\n}}"
    )
}

fn vscode(machine: &Machine, url: &str) -> String {
    let search = machine.program(
        "ask-mcp",
        "[ \"$SEARCH_API_KEY $SEARCH_SECRET\" = \"not-a-real-search-answer not-a-real-search-secret\" ]",
    );
    let workspace = machine.program(
        "workspace-mcp",
        "[ \"$WORKSPACE_TOKEN $1\" = \"not-a-real-workspace-token /srv/shop/x\" ]",
    );
    format!(
        r#"{{
    // Shared by the team.
    "inputs": [
        {{ "type": "promptString", "id": "copilot-token", "description": "Token", "password": true }},
        {{ "type": "promptString", "id": "search-key", "description": "Key", "password": true }},
    ],
    "servers": {{
        "github": {{
            "type": "http", "url": "{url}",
            "headers": {{ "Authorization": "Bearer ${{input:copilot-token}}" }}
        }},
        /* asks once */
        "search": {{
            "type": "stdio", "command": "{search}",
            "env": {{ "SEARCH_API_KEY": "${{input:search-key}}", "SEARCH_SECRET": "not-a-real-search-secret" }}
        }},
        "workspace": {{
            "type": "stdio", "command": "{workspace}",
            "args": ["${{workspaceFolder}}/x"],
            "env": {{ "WORKSPACE_TOKEN": "not-a-real-workspace-token", }},
        }},
    }},
}}
"#
    )
}

fn codex(machine: &Machine, url: &str) -> String {
    let tickets = machine.program("tickets-mcp", "[ \"$TICKETS_KEY\" = not-a-real-tickets-key ]");
    format!(
        "model = \"gpt-5.4\" # the default\n\n\
         [mcp_servers.figma]\nurl = \"{url}\"\nbearer_token_env_var = \"FIGMA_OAUTH_TOKEN\"\n\n\
         [mcp_servers.tickets]\ncommand = \"{tickets}\"\nstartup_timeout_sec = 20\n\n\
         [mcp_servers.tickets.env]\nTICKETS_KEY = \"not-a-real-tickets-key\" # rotate in May\n"
    )
}

/// The client's own placeholders, filled in.
fn filled(text: &str) -> String {
    FILLED.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("a list: {list}"));
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

/// What a client sees that starts `entry` as it is written.
async fn tools_of(machine: &Machine, entry: &Entry) -> Vec<String> {
    if let Some(url) = entry.value["url"].as_str() {
        let path = url.strip_prefix(&format!("http://{}", machine.wire.0));
        let path = path.unwrap_or_else(|| panic!("{url} is not the gateway's"));
        return url_tools(machine, path).await;
    }
    let text = |value: &Value| filled(value.as_str().expect("text"));
    let mut command = machine.command(text(&entry.value["command"]));
    let arguments = entry.value["args"].as_array().cloned().unwrap_or_default();
    command.args(arguments.iter().map(text));
    let environment = entry.value["env"].as_object().cloned().unwrap_or_default();
    command.envs(environment.iter().map(|(key, value)| (key, text(value))));
    let mut wrapped = Wrapped::spawn(command);
    wrapped.greet().await;
    let listed = wrapped.ask(1, "tools/list", json!({})).await;
    wrapped.leave().await;
    names(&listed)
}

/// The same list in either era.
async fn url_tools(machine: &Machine, path: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for era in Era::BOTH {
        let mut client = Client::new(machine.wire, era);
        path.clone_into(&mut client.path);
        seen.push(client.ready().await.names("tools/list").await);
    }
    assert_eq!(seen[0], seen[1]);
    seen.remove(0)
}

/// What the stdio servers offer when nothing is in between.
async fn direct() -> Vec<String> {
    let fixture = Fixture::start(&[]).await;
    Client::new(fixture.wire, Era::Legacy).ready().await.names("tools/list").await
}

fn expected(name: &str, direct: &[String]) -> Vec<String> {
    let own = match name {
        "internal-api" => "internal_report",
        "github-vscode" => "copilot_issue",
        "figma" => "figma_frame",
        "design" => "design_search",
        _ => return direct.to_vec(),
    };
    vec![own.to_owned(), "status".to_owned()]
}

#[tokio::test]
async fn every_tool_lists_through_what_install_wrote_and_uninstall_puts_it_back() {
    let home = Home::new().await;
    let machine = &home.machine;
    let report = machine.bartizan(&["clients", "install"]).await;
    assert!(!report.contains(SECRET) && !report.contains(" stays: "), "{report}");
    assert_eq!(machine.holding(SECRET), [] as [std::path::PathBuf; 0]);
    let path = machine.path("~/.config/bartizan/bartizan.toml");
    Config::load(&path).expect("Bartizan reads what it wrote");
    machine.log_in("design").await;

    let mut gateway = machine.serve(&ENVIRONMENT).await;
    let direct = direct().await;
    let mut through = BTreeMap::new();
    for place in PLACES {
        for entry in machine.entries(place) {
            let url = entry.value["url"].as_str();
            let name = url.and_then(|url| url.rsplit('/').next()).unwrap_or(&entry.name);
            let seen = tools_of(machine, &entry).await;
            assert_eq!(seen, expected(name, &direct), "{} of {}", entry.name, place.path);
            through.insert((place.path, entry.name), ());
        }
    }
    assert_eq!(through.len(), 3 + 3 + 2 + 3 + 2, "{through:?}");
    assert_eq!(machine.holding(SECRET), [] as [std::path::PathBuf; 0], "after use too");

    gateway.kill().await.expect("it ends");
    machine.bartizan(&["clients", "uninstall"]).await;
    home.assert_original();
    assert_eq!(home.providers.len(), 4);
}

#[tokio::test]
async fn an_import_is_a_configuration_whose_every_tool_lists() {
    let home = Home::new().await;
    let machine = &home.machine;
    let report = machine.bartizan(&["clients", "import"]).await;
    home.assert_original();
    for stays in ["billing", "workspace"] {
        assert!(report.contains(&format!("`{stays}` stays: ")), "{report}");
    }
    let path = machine.path("~/.config/bartizan/bartizan.toml");
    let written = std::fs::read_to_string(&path).expect("written");
    assert!(!report.contains(SECRET) && !written.contains(SECRET), "{report}\n{written}");
    machine.log_in("design").await;

    let mut gateway = machine.serve(&ENVIRONMENT).await;
    let config = Config::load(&path).expect("Bartizan reads what it wrote");
    let direct = direct().await;
    for name in config.file.upstreams.keys() {
        let seen = url_tools(machine, &format!("/mcp/{name}")).await;
        assert_eq!(seen, expected(name, &direct), "{name}");
    }
    assert_eq!(config.file.upstreams.len(), 13 - 2);
    gateway.kill().await.expect("it ends");
}
