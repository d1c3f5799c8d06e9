use super::{Command, FILES, Machine, Report, SECRET, fs, original, run};

#[test]
fn every_file_comes_back_byte_for_byte() {
    let machine = Machine::new();
    machine.run(Command::Install);
    for (_, fixture, place) in FILES {
        assert_ne!(machine.read(place), original(fixture), "{place} was changed");
    }
    machine.run(Command::Uninstall);
    for (_, fixture, place) in FILES {
        assert_eq!(machine.read(place), original(fixture), "{place}");
    }
    let left: Vec<_> = machine.files();
    assert!(left.iter().all(|(path, _)| !path.to_string_lossy().contains(".bartizan-")));
    let report = machine.run(Command::Uninstall).to_string();
    assert!(report.ends_with("nothing to change\n"), "{report}");
}

#[test]
fn windows_line_ends_and_a_mode_survive() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::empty();
    for (_, fixture, place) in FILES {
        machine.write(place, &original(fixture).replace('\n', "\r\n"));
        fs::set_permissions(machine.path(place), PermissionsExt::from_mode(0o640)).expect("set");
    }
    machine.run(Command::Install);
    for (_, _, place) in FILES {
        let text = machine.read(place);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{place}");
        let mode = fs::metadata(machine.path(place)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640, "{place}");
    }
    machine.run(Command::Uninstall);
    for (_, fixture, place) in FILES {
        assert_eq!(machine.read(place), original(fixture).replace('\n', "\r\n"), "{place}");
    }
}

#[test]
fn later_edits_survive_and_our_entries_go() {
    let machine = Machine::new();
    machine.run(Command::Install);
    // Claude Code writes its whole file anew while it runs.
    let mut value: serde_json::Value =
        serde_json::from_str(&machine.read("~/.claude.json")).expect("JSON");
    value["numStartups"] = 42.into();
    value["mcpServers"]["added"] = serde_json::json!({ "command": "later" });
    machine.write("~/.claude.json", &value.to_string());
    let toml =
        machine.read("~/.codex/config.toml").replace("shell_tool = true", "shell_tool = false");
    machine.write("~/.codex/config.toml", &toml);

    let report = machine.run(Command::Uninstall).to_string();
    assert!(report.contains("our entries only"), "{report}");
    let after: serde_json::Value =
        serde_json::from_str(&machine.read("~/.claude.json")).expect("JSON");
    let mut expected: serde_json::Value =
        serde_json::from_str(&original("claude.json")).expect("JSON");
    expected["numStartups"] = 42.into();
    expected["mcpServers"]["added"] = serde_json::json!({ "command": "later" });
    assert_eq!(after, expected);
    let codex: toml::Table = toml::from_str(&machine.read("~/.codex/config.toml")).expect("TOML");
    let expected = original("codex.toml").replace("shell_tool = true", "shell_tool = false");
    assert_eq!(codex, toml::from_str(&expected).expect("TOML"));
}

#[test]
fn an_entry_of_ours_that_was_edited_is_left_and_named() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let place = "~/.cursor/mcp.json";
    let edited = machine.read(place).replace("mcp/legacy", "mcp/legacy?edited");
    machine.write(place, &edited);
    for command in [Command::Install, Command::Uninstall] {
        let report = machine.run(command).to_string();
        assert!(report.contains("changed since install in `legacy`"), "{report}");
    }
    let text = machine.read(place);
    assert!(
        text.contains("mcp/legacy?edited") && text.contains("not-a-real-notion-token"),
        "{text}"
    );
    let copy = machine.read("~/.cursor/mcp.json.bartizan-backup");
    assert_eq!(copy, original("cursor.json"), "the way back by hand stays open");
}

#[test]
fn a_server_added_after_install_is_led_through_by_the_next_one() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let place = "~/.cursor/mcp.json";
    let added = "\"mcpServers\": {\n\t\t\"late\": { \"command\": \"late-server\" },";
    machine.write(place, &machine.read(place).replace("\"mcpServers\": {", added));
    machine.run(Command::Install);
    let Report::State(states) = machine.run(Command::Status) else { panic!("a state") };
    let cursor = states.iter().find(|state| state.client == "Cursor").expect("there");
    assert!(cursor.direct.is_empty() && cursor.through.contains(&"late".to_owned()), "{cursor:?}");
    machine.run(Command::Uninstall);
    let text = machine.read(place);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["mcpServers"]["late"]["command"], "late-server");
    let mut expected: serde_json::Value =
        serde_json::from_str(&original("cursor.json")).expect("JSON");
    expected["mcpServers"]["late"] = value["mcpServers"]["late"].clone();
    assert_eq!(value, expected);
}

#[test]
fn a_copy_that_was_tampered_with_is_not_put_back() {
    let machine = Machine::new();
    machine.run(Command::Install);
    machine.write("~/.claude.json.bartizan-backup", "{\"mcpServers\": {}}");
    let before = machine.read("~/.claude.json");
    let error = run(&machine.request(Command::Uninstall)).expect_err("refused").to_string();
    assert!(error.contains(".claude.json.bartizan-backup"), "{error}");
    assert_eq!(machine.read("~/.claude.json"), before);
}

#[test]
fn a_projects_copy_lies_outside_the_project() {
    let machine = Machine::new();
    machine.run(Command::Install);
    let project = machine.path("./");
    for (path, text) in machine.files() {
        assert!(!(path.starts_with(&project) && text.contains(SECRET)), "{}", path.display());
    }
    assert!(!machine.path("./.vscode/mcp.json.bartizan-backup").exists());
}

#[test]
fn a_rotated_token_goes_to_the_same_place() {
    let machine = Machine::new();
    machine.run(Command::Install);
    machine.run(Command::Uninstall);
    let place = "~/.cursor/mcp.json";
    let rotated = machine.read(place).replace("not-a-real-notion-token", "not-a-real-second-token");
    machine.write(place, &rotated);
    machine.run(Command::Install);
    let file = machine.read("~/.local/share/bartizan/secrets/notion.NOTION_TOKEN");
    assert_eq!(file, "not-a-real-second-token");
    assert!(machine.configuration()["upstreams"].get("notion-cursor").is_none());
}

#[cfg(unix)]
#[test]
fn a_link_keeps_leading_to_its_file() {
    let machine = Machine::empty();
    machine.write("~/dotfiles/claude.json", &original("claude.json"));
    std::os::unix::fs::symlink(
        machine.path("~/dotfiles/claude.json"),
        machine.path("~/.claude.json"),
    )
    .expect("linked");
    machine.run(Command::Install);
    assert!(machine.path("~/.claude.json").is_symlink());
    assert!(machine.read("~/dotfiles/claude.json").contains("127.0.0.1:8420"));
    machine.run(Command::Uninstall);
    assert_eq!(machine.read("~/dotfiles/claude.json"), original("claude.json"));
}
