use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde::Deserialize;

use super::{
    Revealed, Secret, SecretError, address_holds_secret, looks_like_secret, word_holds_secret,
};

#[derive(Debug, Deserialize)]
struct Section {
    token: Secret,
}

fn section(text: &str) -> Result<Section, toml::de::Error> {
    toml::from_str(text)
}

fn secret_file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    (folder, path)
}

#[test]
fn a_secret_is_taken_by_reference() {
    let by_file = section("token = { file = \"/run/secrets/token\" }").expect("a reference");
    assert!(by_file.token == Secret::file("/run/secrets/token"));
    let by_name = section("token = { env = \"TOKEN\" }").expect("a reference");
    assert!(by_name.token == Secret::environment("TOKEN"));
}

#[test]
fn a_secret_in_the_configuration_is_refused_with_the_way_to_reference_it() {
    let inline = [
        "token = \"hunter2hunter2\"",
        "token = 8675309",
        "token = true",
        "token = [\"hunter2hunter2\"]",
        "token = { value = \"hunter2hunter2\" }",
        "token = { file = 8675309 }",
        "token = { file = \"/a\", env = \"B\" }",
        "token = { file = \"\" }",
        "token = {}",
    ];
    for text in inline {
        let message = section(text).expect_err(text).message().to_owned();
        if !text.contains('[') {
            assert!(message.contains("{ file = ") && message.contains("{ env = "), "{message}");
        }
        assert!(!message.contains("hunter2") && !message.contains("8675309"), "{message}");
    }
}

#[test]
fn a_secret_file_is_read_without_its_line_end() {
    let (_folder, path) = secret_file("s3cret\n", 0o600);
    assert_eq!(Secret::file(path).reveal().expect("a secret").expose(), "s3cret");
}

#[test]
fn a_secret_file_that_others_may_read_is_refused_with_the_mend() {
    for mode in [0o640, 0o604, 0o644, 0o660] {
        let (_folder, path) = secret_file("s3cret", mode);
        let refused = Secret::file(&path).reveal().expect_err("an exposed file");
        assert!(matches!(refused, SecretError::Exposed { .. }), "{refused}");
        assert!(refused.to_string().contains(&format!("chmod 600 {}", path.display())));
    }
}

#[test]
fn what_is_no_secret_is_refused() {
    let (_folder, empty) = secret_file("\n", 0o600);
    assert!(matches!(Secret::file(empty).reveal(), Err(SecretError::Unusable { .. })));
    let (_folder, long) = secret_file(&"x".repeat((64 << 10) + 1), 0o600);
    assert!(matches!(Secret::file(long).reveal(), Err(SecretError::Unusable { .. })));
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(Secret::file(folder.path()).reveal(), Err(SecretError::NotAFile { .. })));
    let missing = Secret::file(folder.path().join("none")).reveal();
    assert!(matches!(missing, Err(SecretError::Unreadable { .. })));
    let unset = Secret::environment("BARTIZAN_TEST_UNSET").reveal();
    assert!(matches!(unset, Err(SecretError::Unset { .. })));
}

#[test]
fn a_secret_is_never_printed() {
    let (_folder, path) = secret_file("s3cret", 0o600);
    let secret = Secret::file(path);
    assert_eq!(format!("{secret:?}"), "Secret(..)");
    assert_eq!(format!("{:?}", secret.reveal().expect("a secret")), "Revealed(..)");
    assert_eq!(format!("{:?}", Revealed::from("s3cret".to_owned())), "Revealed(..)");
}

#[test]
fn the_schema_admits_references_only() {
    let schema = schemars::schema_for!(Secret).to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&serde_json::json!({ "file": "/a" })));
    assert!(validator.is_valid(&serde_json::json!({ "env": "A" })));
    for refused in [
        serde_json::json!("inline"),
        serde_json::json!({ "value": "inline" }),
        serde_json::json!({ "file": "/a", "env": "A" }),
    ] {
        assert!(!validator.is_valid(&refused), "{refused}");
    }
}

#[test]
fn free_form_entries_that_hold_secrets_are_recognised() {
    let secrets = [
        ("Authorization", "Bearer abc"),
        ("X-Api-Key", "abc123"),
        ("apiKey", "abc123"),
        ("PGPASSWORD", "pg"),
        ("GITHUB_TOKEN", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "abc"),
        ("Cookie", "a=b"),
        ("X-Custom", "ghp_0123456789abcdefghij"),
        ("X-Custom", "xoxb-0123456789-abcdef"),
        ("DATABASE_URL", "postgres://app:hunter2@db/app"),
        ("X-Custom", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"),
        ("X-Custom", "-----BEGIN EC PRIVATE KEY-----\nMHc="),
    ];
    for (key, value) in secrets {
        assert!(looks_like_secret(key, value), "{key}");
    }
}

#[test]
fn ordinary_entries_pass() {
    let ordinary = [
        ("Accept", "application/json"),
        ("GITHUB_TOKEN", "${GITHUB_TOKEN}"),
        ("TOKEN_LIMIT", "4096"),
        ("GITHUB_TOKEN_FILE", "/run/secrets/github"),
        ("SORT_KEY", "created"),
        ("USE_TOKEN", "true"),
        ("PATH", "/usr/local/bin:/usr/bin"),
        ("DATABASE_URL", "postgres://app@db/app"),
        ("IMAGE", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("COMMIT", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
        ("REQUEST_ID", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("API_KEY", ""),
    ];
    for (key, value) in ordinary {
        assert!(!looks_like_secret(key, value), "{key}");
    }
}

/// Whether any word of a command line holds a secret.
fn line_holds_secret(words: &[&str]) -> bool {
    let before = std::iter::once(None).chain(words.iter().copied().map(Some));
    before.zip(words).any(|(before, word)| word_holds_secret(before, word))
}

const GITHUB: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";

#[test]
fn words_of_a_command_that_hold_secrets_are_recognised() {
    let github = |text: &str| text.replace("GITHUB", GITHUB);
    for line in [
        vec![github("GITHUB")],
        vec![github("--token=GITHUB")],
        vec![github("--anything=GITHUB")],
        vec![github("--config={\"auth\": \"GITHUB\"}")],
        vec![github("https://GITHUB@github.com/a/b")],
        vec![github("exec server --token GITHUB")],
        vec!["--api-key".to_owned(), "abc".to_owned()],
        vec!["--password=hunter2".to_owned()],
        vec!["-e".to_owned(), "DB_PASSWORD=hunter2".to_owned()],
        vec!["--header".to_owned(), "Authorization: Bearer abcdef123456".to_owned()],
        vec!["--header".to_owned(), "X-Api-Key:abc".to_owned()],
        vec!["--header".to_owned(), "PRIVATE-TOKEN: abc".to_owned()],
        vec!["postgres://app:hunter2@db.example/main".to_owned()],
        vec!["--url=https://mcp.example/mcp?api_key=abc".to_owned()],
        vec!["q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA".to_owned()],
        vec!["--x=wJa1rXUtnFEMI/K7MDENG/bPxRfiCYz8XMPL3KEY".to_owned()],
        vec!["hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH".to_owned()],
        vec!["sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2".to_owned()],
        vec!["-----BEGIN EC PRIVATE KEY-----\nMHc=".to_owned()],
    ] {
        let words: Vec<&str> = line.iter().map(String::as_str).collect();
        assert!(line_holds_secret(&words), "{words:?}");
    }
}

#[test]
fn ordinary_commands_pass() {
    let lines: [&[&str]; 18] = [
        &["npx", "-y", "@modelcontextprotocol/server-sequential-thinking@2025.7.1", "/data"],
        &["uvx", "--from", "git+https://github.com/a/b@9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"],
        &["/usr/bin/python3", "/home/anna/projects/a1b2c3d4e5f6a7b8c9d0/Server2.py"],
        &["node", "Projects/MyServer2/build/src/index.js", "../Other4Server/dist/Main.js"],
        &["docker", "run", "--rm", "-i", "-e", "GITHUB_TOKEN", "ghcr.io/github/secret-token:1.2"],
        &["ghcr.io/a/b@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        &[
            "--integrity=sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kx",
        ],
        &["--commit", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"],
        &["--tenant", "0f8fad5b-d9cb-469f-a165-70867728950e"],
        &["--tenant=0F8FAD5B-D9CB-469F-A165-70867728950E"],
        &["--token-file", "/run/secrets/token", "--secret", "./secret.txt", "--password-stdin"],
        &["--api-key=${API_KEY}", "--token", "$TOKEN", "sh", "-c", "server --token=$TOKEN"],
        &["npm", "run", "token:refresh", "--max-tokens=4096", "npm_config_yes=true"],
        &["sk-learn-mcp-server", "hf_transfer_mcp_server_v2", "npm_package_config_port"],
        &["--url", "https://mcp.example/mcp?team=blue&page_token_size=3", "--token", "--verbose"],
        &["http://127.0.0.1:8080/v1/0f8fad5b-d9cb-469f-a165-70867728950e/mcp"],
        &["--header", "Authorization: Bearer ${TOKEN}", "--header", "Accept: application/json"],
        &["--prompt", "Refresh the token: then go on, with basic functions and a bearer"],
    ];
    for line in lines {
        assert!(!line_holds_secret(line), "{line:?}");
    }
}

#[test]
fn addresses_that_hold_secrets_are_recognised() {
    for address in [
        "https://user:pass@mcp.example/mcp",
        "https://ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8@mcp.example/mcp",
        "https://mcp.example/mcp?access_token=abc",
        "https://mcp.example/mcp?k=q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
        "https://mcp.example/ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8/mcp",
    ] {
        assert!(address_holds_secret(address), "{address}");
    }
    for address in [
        "https://mcp.example/mcp?tenant=0f8fad5b-d9cb-469f-a165-70867728950e",
        "https://user@mcp.example/mcp",
        "https://mcp.example/mcp?access_token=",
        "http://127.0.0.1:8420/mcp",
        "no address",
    ] {
        assert!(!address_holds_secret(address), "{address}");
    }
}
