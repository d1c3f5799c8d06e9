//! `bartizan classify`: from definitions to configuration text that the gateway reads.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::process::bartizan;

async fn classify(words: &[&str]) -> (bool, String) {
    let mut command = Command::new(bartizan());
    command.arg("classify").args(words).kill_on_drop(true);
    let output = command.output().await.expect("it runs");
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).expect("text"))
}

fn definitions() -> Value {
    let schema = json!({ "type": "object", "properties": { "to": { "type": "string" } } });
    json!({ "tools": [
        { "name": "send_note", "description": "Sends a note.", "inputSchema": schema },
        { "name": "odd\n[upstreams.desk.tools.send_note]", "inputSchema": schema },
    ] })
}

const CONFIG: &str = "# ours\n[upstreams.desk]\ncommand = [\"/opt/desk\"]\n\n\
                      [upstreams.desk.tools.send_note]\nrisk = \"critical\"\n";

fn folder() -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, config) = (folder.path().join("tools.json"), folder.path().join("bartizan.toml"));
    std::fs::write(&from, definitions().to_string()).expect("written");
    std::fs::write(&config, CONFIG).expect("written");
    let text = |path: std::path::PathBuf| path.to_str().expect("plain").to_owned();
    (folder, text(from), text(config))
}

#[tokio::test]
async fn the_text_to_paste_is_toml_with_reasons_whatever_a_tool_is_called() {
    let (_folder, from, _) = folder();
    let (ok, text) = classify(&["desk", "--from", &from]).await;
    assert!(ok && text.contains("the name says `send`"), "{text}");
    let pasted: toml::Table = text.parse().expect("TOML");
    let tools = pasted["upstreams"]["desk"]["tools"].as_table().expect("tools");
    assert_eq!(tools.len(), 2, "{text}");
    assert_eq!(tools["send_note"]["classes"].as_array().map(Vec::len), Some(2), "{text}");
}

#[tokio::test]
async fn accepting_fills_in_what_the_configuration_does_not_say() {
    let (_folder, from, config) = folder();
    let (ok, said) = classify(&["desk", "--from", &from, "--config", &config, "--accept"]).await;
    assert!(ok && said.contains("2 tools"), "{said}");
    let after = std::fs::read_to_string(&config).expect("read");
    assert!(after.starts_with("# ours"), "{after}");
    let table: toml::Table = after.parse().expect("TOML");
    let tool = &table["upstreams"]["desk"]["tools"]["send_note"];
    assert_eq!(tool["risk"].as_str(), Some("critical"), "{after}");
    assert!(tool["classes"].is_array(), "{after}");
    let (ok, said) = classify(&["nobody", "--from", &from, "--config", &config, "--accept"]).await;
    assert!(!ok && said.contains("no upstream `nobody`"), "{said}");
}

#[tokio::test]
async fn the_catalogue_is_listed_and_no_list_of_tools_is_said_plainly() {
    let (ok, listed) = classify(&["--list"]).await;
    assert!(ok && listed.contains("filesystem"), "{listed}");
    let (folder, ..) = folder();
    let wrong = folder.path().join("wrong.json");
    std::fs::write(&wrong, "{\"a\": 1}").expect("written");
    let (ok, said) = classify(&["--from", wrong.to_str().expect("plain")]).await;
    assert!(!ok && said.contains("no list of tools"), "{said}");
}
