use std::path::Path;

use super::Config;
use crate::{catalog::Kind, settings::Risk};

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("bartizan.toml")).map_err(|error| error.to_string())
}

#[test]
fn the_minimum_that_scripts_rely_on() {
    let config = parse(
        r#"
        [listen]
        address = "127.0.0.1:0"
        [upstreams.everything]
        command = ["npx", "server-everything"]
        [upstreams.web]
        url = "http://127.0.0.1:9/mcp"
        "#,
    )
    .expect("config");
    assert!(config.upstream_settings("everything").is_ok());
    assert!(config.upstream_settings("web").is_ok());
}

#[test]
fn errors_name_the_line_and_the_mend_and_no_secret() {
    for (text, line, words) in [
        ("[listen]\nadress = 1\n", 2, "unknown field"),
        ("[listen\n", 1, ""),
        ("\n[upstreams.a]\ncommand = []\n", 2, "name the program"),
        ("[upstreams.a]\ncommand = [\"x\"]\nurl = \"http://x\"\n", 1, "keep one"),
        ("[upstreams.a__b]\ncommand = [\"x\"]\n", 1, "letters"),
        (
            "\n[upstreams.a]\nurl=\"http://x\"\n[upstreams.a.headers]\nAuthorization = \"Bearer sw0rdfish-abcdef0123456789\"\n",
            2,
            "file =",
        ),
        ("[identity.jwt]\nissuer = \"i\"\naudience = \"a\"\nsecret = \"x\"\n", 4, ""),
        ("mode = \"sometimes\"\n", 1, "observe"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.starts_with(&format!("bartizan.toml:{line}: ")), "{text}\n{error}");
        assert!(error.contains(words), "{text}\n{error}");
        assert!(!error.contains("sw0rdfish"), "{error}");
    }
}

#[test]
fn a_tool_inherits_from_its_upstream() {
    let config = parse(
        r#"
        [upstreams.a]
        command = ["x"]
        risk = "low"
        hold = true
        [upstreams.a.tools.send]
        risk = "high"
        "#,
    )
    .expect("config");
    let send = config.tool_settings("a", Kind::Tool, "send");
    assert_eq!((send.risk, send.hold), (Risk::High, true));
    assert_eq!(config.tool_settings("a", Kind::Tool, "read").risk, Risk::Low);
    assert_eq!(config.tool_settings("b", Kind::Tool, "read").risk, Risk::Medium);
}
