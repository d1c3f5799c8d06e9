use std::{collections::BTreeSet, os::unix::fs::PermissionsExt};

use super::{Command, FILES, Home, Machine, Os, Report, SECRET, fs, original, run};

#[test]
fn no_secret_stays_in_a_client_file_or_reaches_a_report() {
    let machine = Machine::new();
    let report = machine.run(Command::Install);
    let json = serde_json::to_string(&report).expect("serialises");
    for text in [report.to_string(), format!("{report:?}"), format!("{report:#?}"), json] {
        assert!(!text.contains(SECRET), "the report shows a secret:\n{text}");
    }
    for (path, text) in machine.files() {
        let shown = path.display().to_string();
        let private = shown.contains("/secrets/") || shown.ends_with(".bartizan-backup");
        assert_eq!(text.contains(SECRET), private && text.contains(SECRET), "{shown} holds one");
        if private || shown.ends_with("-manifest") || shown.ends_with("clients.json") {
            let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{shown}");
        }
    }
    let secrets = machine.path("~/.local/share/bartizan/secrets");
    let mode = fs::metadata(&secrets).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
}

#[test]
fn every_secret_of_the_originals_has_a_file_that_the_configuration_names() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let configuration = machine.read("~/.config/bartizan/bartizan.toml");
    let secrets = machine.path("~/.local/share/bartizan/secrets");
    let mut kept = String::new();
    for entry in fs::read_dir(secrets).expect("there") {
        let path = entry.expect("an entry").path();
        assert!(configuration.contains(&*path.to_string_lossy()), "{path:?} is named nowhere");
        kept.push_str(&fs::read_to_string(path).expect("text"));
        kept.push('\n');
    }
    for (_, fixture, _) in FILES {
        for piece in original(fixture).split(SECRET).skip(1) {
            let secret = piece.split(['"', '@']).next().expect("a split has a first piece");
            let secret = format!("{SECRET}{secret}");
            assert!(kept.contains(&secret), "{fixture}: {secret} is lost");
        }
    }
}

#[test]
fn every_server_keeps_its_name_and_goes_through_bartizan() {
    let machine = Machine::new();
    let Report::State(before) = machine.run(Command::Status) else { panic!("a state") };
    machine.run(Command::Install);
    let Report::State(after) = machine.run(Command::Status) else { panic!("a state") };
    assert_eq!(before.len(), FILES.len());
    for (before, after) in before.iter().zip(&after) {
        let mut names = [after.through.clone(), after.direct.clone()].concat();
        let mut expected = before.direct.clone();
        names.sort();
        expected.sort();
        assert_eq!(names, expected, "{}", after.path.display());
        assert!(after.installed && !after.changed, "{after:?}");
        let stays: &[&str] = if after.client == "Claude Desktop" { &["remote"] } else { &[] };
        assert_eq!(after.direct, stays, "{}", after.path.display());
    }
}

#[test]
fn a_program_without_secrets_is_wrapped_where_it_stands() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let text = machine.read("~/.config/Claude/claude_desktop_config.json");
    let value: serde_json::Value = serde_json::from_str(&text).expect("strict JSON");
    let entry = &value["mcpServers"]["filesystem"];
    assert_eq!(entry["command"], "/usr/local/bin/bartizan");
    let args = serde_json::json!([
        "wrap",
        "--server",
        "filesystem",
        "--",
        "npx",
        "-y",
        "@modelcontextprotocol/server-filesystem",
        "/home/anna/Documents"
    ]);
    assert_eq!(entry["args"], args);
    assert_eq!(value["preferences"]["menuBarEnabled"], false);
}

#[test]
fn a_program_with_a_secret_moves_to_the_configuration() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let text = machine.read("~/.config/Claude/claude_desktop_config.json");
    let value: serde_json::Value = serde_json::from_str(&text).expect("strict JSON");
    let entry = &value["mcpServers"]["github"];
    assert_eq!(entry["args"], serde_json::json!(["wrap", "--server", "github"]));
    assert_eq!(entry["env"], serde_json::json!({}));
    let upstream = &machine.configuration()["upstreams"]["github"];
    assert_eq!(upstream["command"][0].as_str(), Some("docker"));
    assert_eq!(upstream["env"]["GITHUB_TOOLSETS"].as_str(), Some("repos,issues"));
    let file = upstream["env"]["GITHUB_PERSONAL_ACCESS_TOKEN"]["file"].as_str().expect("a file");
    assert_eq!(fs::read_to_string(file).expect("there"), "not-a-real-github-token");
    let search = &machine.configuration()["upstreams"]["search"]["command"];
    assert_eq!(search[1].as_str(), Some("web-search-mcp"));
    assert!(search[3]["file"].as_str().is_some_and(|file| file.ends_with("search.args-2")));
}

#[test]
fn endpoints_are_asked_through_the_gateway() {
    let machine = Machine::new();
    let report = machine.run(Command::Install).to_string();
    let configuration = machine.configuration();
    let upstreams = &configuration["upstreams"];
    let value: serde_json::Value =
        serde_json::from_str(&machine.read("~/.claude.json")).expect("strict JSON");

    let jira = &value["projects"]["/home/ana/shop"]["mcpServers"]["jira"];
    assert_eq!(jira["type"], "http", "the gateway speaks no SSE");
    assert_eq!(jira["url"], "http://127.0.0.1:8420/mcp/jira");
    assert_eq!(jira["headers"], serde_json::json!({}));
    assert_eq!(upstreams["jira"]["transport"].as_str(), Some("sse"));
    assert_eq!(upstreams["legacy"]["transport"].as_str(), Some("sse"));

    assert_eq!(upstreams["sentry"]["auth"].as_str(), Some("oauth"));
    assert!(report.contains("bartizan upstreams login sentry"), "{report}");
    assert!(upstreams["jira"].get("auth").is_none(), "a key is enough there");
    assert_eq!(upstreams["design"]["oauth"]["client_id"].as_str(), Some("bartizan-test"));
    assert!(upstreams["keyed"]["url"]["file"].is_str());
}

#[test]
fn variables_and_inputs_become_references() {
    let machine = Machine::new();
    let report = machine.run(Command::Install).to_string();
    let configuration = machine.configuration();
    let upstreams = &configuration["upstreams"];
    let header = &upstreams["internal-api"]["headers"]["Authorization"];
    assert_eq!(header["env"].as_str(), Some("INTERNAL_TOKEN"));
    assert_eq!(header["prefix"].as_str(), Some("Bearer "));
    let header = &upstreams["figma"]["headers"]["Authorization"];
    assert_eq!(header["env"].as_str(), Some("FIGMA_OAUTH_TOKEN"));
    // Another server than Claude Code's `github`: it shows another token.
    let header = &upstreams["github-vscode"]["headers"]["Authorization"];
    assert_eq!(header["env"].as_str(), Some("GITHUB_TOKEN"));
    assert!(report.contains("asked for the password `github-token`"), "{report}");
    assert!(report.contains("`INTERNAL_TOKEN` is now read from the gateway's"), "{report}");
}

#[test]
fn what_only_the_client_can_fill_in_stays_with_it() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let text = machine.read("./.vscode/mcp.json");
    assert!(text.contains("// built by `npm run build`") && text.contains("/* asks once"));
    assert!(text.contains(r#""node", "${workspaceFolder}/tools/server.js"]"#), "{text}");
    assert!(text.contains(r#""SEARCH_API_KEY": "${input:search-key}""#), "{text}");
    let upstream = &machine.configuration()["upstreams"]["workspace"];
    assert!(upstream.get("command").is_none());
    assert!(upstream["env"]["WORKSPACE_TOKEN"]["file"].is_str());
}

#[test]
fn a_dry_run_says_all_and_changes_nothing() {
    let machine = Machine::new();
    let before = machine.files();
    for command in [Command::Install, Command::Import, Command::Uninstall] {
        let mut request = machine.request(command);
        request.dry_run = true;
        let report = run(&request).expect("a plan").to_string();
        assert!(report.ends_with("dry run: nothing was changed\n"), "{report}");
    }
    assert_eq!(machine.files(), before);
    let mut request = machine.request(Command::Install);
    request.dry_run = true;
    let report = run(&request).expect("a plan").to_string();
    let line = "~ mcp_servers.tickets.args = [\"wrap\",\"--server\",\"tickets\"]";
    assert!(report.contains(line) && report.contains("- mcp_servers.tickets.env."), "{report}");
}

#[test]
fn installing_twice_is_installing_once() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let once = machine.files();
    let report = machine.run(Command::Install).to_string();
    assert_eq!(machine.files(), once);
    assert!(report.ends_with("nothing to change\n"), "{report}");
}

#[test]
fn a_half_written_file_is_refused_with_its_place_and_nothing_changes() {
    let machine = Machine::new();
    machine.write("~/.cursor/mcp.json", "{\n  \"mcpServers\": {\n    \"a\": { \"env\": {\"K\": ");
    let before = machine.files();
    for command in [Command::Install, Command::Import] {
        let error = run(&machine.request(command)).expect_err("refused").to_string();
        assert!(error.contains(".cursor/mcp.json:3:"), "{error}");
    }
    machine.write("~/.cursor/mcp.json", &original("cursor.json"));
    machine.write("~/.codex/config.toml", "[mcp_servers.a]\nurl = \"not-a-real-line");
    let error = run(&machine.request(Command::Install)).expect_err("refused");
    assert!(error.to_string().contains("config.toml:2:"), "{error}");
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    assert_eq!(machine.files().len(), before.len());
}

#[test]
fn an_import_describes_every_server_and_leaves_the_clients_alone() {
    let machine = Machine::new();
    let report = machine.run(Command::Import);
    for (_, fixture, place) in FILES {
        assert_eq!(machine.read(place), original(fixture), "{place}");
    }
    let shown = report.to_string();
    assert!(!shown.contains(SECRET) && shown.contains("clients install"), "{shown}");
    assert!(shown.contains("`workspace` stays"), "{shown}");
    let configuration = machine.configuration();
    let upstreams = configuration["upstreams"].as_table().expect("a table");
    assert_eq!(upstreams["filesystem"]["command"][0].as_str(), Some("npx"));
    assert_eq!(
        upstreams["search-vscode"]["env"]["SEARCH_API_KEY"]["env"].as_str(),
        Some("SEARCH_KEY")
    );
    assert!(!machine.read("~/.config/bartizan/bartizan.toml").contains(SECRET));
}

#[test]
fn a_persons_own_configuration_is_kept() {
    let machine = Machine::new();
    let own = "# mine\n[listen]\naddress = \"127.0.0.1:8420\"\n\n[upstreams.github] # by hand\nurl = \"https://x.example\"\n";
    machine.write("~/.config/bartizan/bartizan.toml", own);
    machine.run(Command::Install);
    let text = machine.read("~/.config/bartizan/bartizan.toml");
    assert!(text.starts_with(own), "{text}");
    assert!(text.contains("[upstreams.github-claude-desktop]"), "{text}");
}

#[test]
fn an_unknown_client_is_named_with_the_known_ones() {
    let machine = Machine::new();
    let mut request = machine.request(Command::Install);
    request.clients = vec!["cursed".into()];
    let error = run(&request).expect_err("refused").to_string();
    assert!(error.contains("`cursed`") && error.contains("cursor"), "{error}");
}

#[test]
fn what_cannot_be_carried_stays_untouched_and_is_named_with_the_reason() {
    let machine = Machine::empty();
    let text = r#"{ "mcpServers": {
        "helper": { "type": "http", "url": "https://a.example/mcp", "headersHelper": "/bin/h" },
        "middle": { "type": "http", "url": "https://${HOST}/mcp" },
        "default": { "command": "x", "env": { "API_KEY": "${API_KEY:-not-a-real-default}" } },
        "socket": { "type": "ws", "url": "wss://a.example/mcp" },
        "mixed": { "command": "x", "args": ["${ROOT}", "--token", "not-a-real-arg"] },
        "odd": 1
    } }"#;
    machine.write("~/.claude.json", text);
    let report = machine.run(Command::Install).to_string();
    for name in ["helper", "middle", "default", "socket", "mixed", "odd"] {
        assert!(report.contains(&format!("`{name}` stays: ")), "{name}: {report}");
    }
    assert!(!report.contains(SECRET), "{report}");
    assert_eq!(machine.read("~/.claude.json"), text);
}

#[test]
fn a_secret_in_an_unknown_field_is_pointed_out() {
    let machine = Machine::empty();
    let text = r#"{ "mcpServers": { "a": { "command": "x", "futureToken": "not-a-real-x" } } }"#;
    machine.write("~/.cursor/mcp.json", text);
    let report = machine.run(Command::Install).to_string();
    assert!(report.contains("`futureToken` of `mcpServers.a` still looks like"), "{report}");
    assert!(!report.contains(SECRET), "{report}");
}

#[test]
fn what_a_client_writes_between_plan_and_change_is_not_lost() {
    let machine = Machine::new();
    let request = machine.request(Command::Install);
    let plan = crate::clients::install::install(&request).expect("a plan");
    let newer = original("claude.json").replace("41", "42");
    machine.write("~/.claude.json", &newer);
    let before = machine.files();
    let error = plan.apply().expect_err("refused").to_string();
    assert!(error.contains(".claude.json was changed just now"), "{error}");
    assert_eq!(machine.files(), before);
}

#[test]
fn in_the_home_folder_each_file_counts_once() {
    let machine = Machine::new();
    let home = machine.path("~/.");
    let home = Home { home: home.clone(), project: Some(home), os: Os::Linux };
    for client in crate::clients::client::chosen(&[]).expect("all") {
        let files = client.files(&home);
        let paths: BTreeSet<_> = files.iter().map(|place| &place.path).collect();
        assert_eq!(paths.len(), files.len(), "{}", client.name);
    }
}
