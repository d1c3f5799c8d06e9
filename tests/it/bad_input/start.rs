//! What keeps a gateway from starting.

use std::path::Path;

use bartizan::{
    app::{App, Options, Purpose},
    config::Config,
};

use super::Rows;
use crate::support::{Gateway, everything, gateway};

pub(super) const ROWS: &[&str] = &[
    "config-missing",
    "config-unreadable",
    "config-half-written",
    "config-unknown-key",
    "config-inline-secret",
    "config-secret-in-command-or-url",
    "config-two-transports",
    "config-upstream-name",
    "policy-broken",
    "rule-broken",
    "token-lifetime-too-long",
    "development-on-every-address",
    "second-serve",
];

async fn started(folder: &Path) -> Result<(), String> {
    let options = Options { purpose: Purpose::Serve, development: true };
    let path = folder.join("bartizan.toml");
    let config = Config::load(&path).map_err(|error| error.to_string())?;
    let app = App::start(config, options).await.map_err(|error| format!("{error:#}"))?;
    app.stop().await;
    Ok(())
}

/// What an attempt to start said, in the page's words.
fn shown(attempt: Result<(), String>, file: &str, mend: &str) -> String {
    let Err(error) = attempt else { return "starts".to_owned() };
    let placed = error.split(file).nth(1).and_then(|rest| rest.strip_prefix(':'));
    let placed = placed.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    assert!(error.contains(mend), "`{mend}` is missing in: {error}");
    let named = error.contains(file);
    match (placed, named) {
        (true, _) => "does not start, names file and line".to_owned(),
        (false, true) => "does not start, names the file".to_owned(),
        (false, false) => "does not start".to_owned(),
    }
}

#[tokio::test]
async fn a_bad_configuration_does_not_start() {
    let mut rows = Rows::new(ROWS);
    let folder = gateway::folder();
    let path = folder.path().join("bartizan.toml");
    rows.row("config-missing", shown(started(folder.path()).await, "bartizan.toml", "--config"));
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("written");
    rows.row("config-unreadable", shown(started(folder.path()).await, "bartizan.toml", "UTF-8"));
    let secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    let cases: [(&'static str, String, &str); 9] = [
        (
            "config-half-written",
            "[listen]\naddress = \"127.0.0.1:0\"\n[upstreams.f]\ncommand = [\"x\", ".to_owned(),
            ":5: unclosed array, expected `]`",
        ),
        ("config-unknown-key", "[lissten]\naddress = \"127.0.0.1:0\"".to_owned(), "lissten"),
        (
            "config-inline-secret",
            format!("[upstreams.f]\ncommand = [\"x\"]\nenv = {{ GITHUB_TOKEN = \"{secret}\" }}"),
            "GITHUB_TOKEN",
        ),
        (
            "config-secret-in-command-or-url",
            format!("[upstreams.f]\ncommand = [\"x\",\n  \"--token={secret}\"]"),
            ":4: upstream `f`: word 2 of `command` holds a secret",
        ),
        (
            "config-two-transports",
            "[upstreams.f]\ncommand = [\"x\"]\nurl = \"http://127.0.0.1:1/mcp\"".to_owned(),
            "keep one",
        ),
        ("config-upstream-name", "[upstreams.a__b]\ncommand = [\"x\"]".to_owned(), "a__b"),
        ("policy-broken", "[access]\npolicies = \"policies\"".to_owned(), "did you mean `risk`"),
        ("rule-broken", "[firewall]\nrules = \"rules\"".to_owned(), "expected a string"),
        (
            "token-lifetime-too-long",
            "[identity.jwt]\nissuer = \"https://i.example\"\naudience = \"https://g.example\"\n\
             jwks = { file = \"jwks.json\" }\nlifetime_max_seconds = 3600"
                .to_owned(),
            "900",
        ),
    ];
    for (file, text) in [
        (
            "policies/one.cedar",
            "permit (principal, action, resource)\nwhen { resource.rsik == 1 };",
        ),
        ("rules/one.toml", "schema = 1\n\n[[rule]]\nid = 7\n"),
        ("jwks.json", "{\"keys\": []}"),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    for (name, text, mend) in cases {
        std::fs::write(&path, gateway::config_text(&text)).expect("written");
        let attempt = started(folder.path()).await;
        if let Err(error) = &attempt {
            assert!(!error.contains(secret), "no secret is shown: {error}");
        }
        let file = match name {
            "policy-broken" => "one.cedar",
            "rule-broken" => "one.toml",
            _ => "bartizan.toml",
        };
        rows.row(name, shown(attempt, file, mend));
    }
    for secret in ["https://ana:hunter2@mcp.example/mcp", "https://mcp.example/mcp?api_key=hunter2"]
    {
        let text = format!("[upstreams.f]\nurl = \"{secret}\"");
        std::fs::write(&path, gateway::config_text(&text)).expect("written");
        let error = started(folder.path()).await.expect_err("a secret in `url`");
        assert!(error.contains("bartizan.toml:3: upstream `f`: `url` holds a secret"), "{error}");
        assert!(error.contains("{ env = \"NAME\" }") && !error.contains("hunter2"), "{error}");
    }
    std::fs::write(&path, gateway::config_text("[listen]\naddress = \"0.0.0.0:0\""))
        .expect("written");
    let open = shown(started(folder.path()).await, "bartizan.toml", "loopback");
    rows.row("development-on-every-address", open);
    rows.row("second-serve", second().await);
    rows.finish();
}

async fn second() -> String {
    let first = Gateway::start(&format!("[upstreams.f]\n{}\n", everything(&[]))).await;
    let attempt = started(first.folder.path()).await;
    let client = first.modern().await;
    assert!(!client.names("tools/list").await.is_empty(), "the first one serves on");
    first.end().await;
    shown(attempt, "bartizan.toml", "state")
}
