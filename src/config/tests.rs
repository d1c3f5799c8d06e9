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
        ("\n[upstreams.a]\ncommand = []\n", 3, "name the program"),
        ("[upstreams.a]\ncommand = [\"x\"]\nurl = \"http://x\"\n", 1, "keep one"),
        ("[upstreams.a__b]\ncommand = [\"x\"]\n", 1, "letters"),
        (
            "\n[upstreams.a]\nurl=\"http://x\"\n[upstreams.a.headers]\nAuthorization = \"Bearer sw0rdfish-abcdef0123456789\"\n",
            5,
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

#[test]
fn the_catalogue_speaks_where_the_configuration_does_not() {
    let config = parse(
        r#"
        [upstreams.known]
        command = ["uvx", "mcp-server-git"]
        [upstreams.known.tools.git_log]
        classes = ["reads_files"]
        [upstreams.named]
        command = ["/opt/git-server"]
        catalogue = "git"
        [upstreams.other]
        command = ["uvx", "mcp-server-git"]
        catalogue = "none"
        [upstreams.whole]
        command = ["uvx", "mcp-server-git"]
        classes = ["own"]
        risk = "critical"
        "#,
    )
    .expect("config");
    let of = |upstream: &str, tool: &str| config.tool_settings(upstream, Kind::Tool, tool);
    let classes = |upstream: &str, tool: &str| of(upstream, tool).classes.join(" ");
    assert_eq!(classes("known", "git_commit"), "state_change");
    assert_eq!(classes("known", "git_log"), "reads_files");
    assert_eq!(of("known", "git_log").risk, Risk::Low);
    assert_eq!(classes("known", "git_push"), "", "a tool that no entry has");
    assert_eq!(classes("named", "git_reset"), "state_change destructive");
    assert_eq!(classes("other", "git_commit"), "");
    assert_eq!(classes("whole", "git_commit"), "own");
    assert_eq!(of("whole", "git_commit").risk, Risk::Critical);
    assert!(of("known", "git_commit").destinations.iter().any(|it| it.pointer == "/message"));
}

#[test]
fn an_entry_that_the_catalogue_does_not_have_is_named() {
    let error = error_at("[upstreams.a]\ncommand = [\"x\"]\ncatalogue = \"gti\"\n", 3);
    assert!(error.contains("`gti`") && error.contains("classify --list"), "{error}");
}

/// The error about a text, which begins with the file and `line`.
fn error_at(text: &str, line: usize) -> String {
    let error = parse(text).expect_err(text);
    assert!(error.starts_with(&format!("bartizan.toml:{line}: ")), "{text}\n{error}");
    error
}

#[test]
fn a_secret_anywhere_in_an_upstream_is_refused_at_its_own_line_with_the_mend() {
    let secret = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    for (text, line, what) in [
        ("command = [\n  \"x\",\n  \"--token=SECRET\",\n]", 4, "word 2 of `command`"),
        ("command = [\"x\", \"--api-key\",\n \"SECRET\"]", 3, "word 3 of `command`"),
        ("command = [\"x\",\n { prefix = \"SECRET\", env = \"A\" }]", 3, "word 2 of `command`"),
        ("url = \"https://user:SECRET@mcp.example/mcp\"", 2, "`url`"),
        ("auth = \"oauth\"\nurl = \"https://mcp.example/mcp?key=SECRET\"", 3, "`url`"),
        ("command = [\"x\"]\n[upstreams.a.env]\nA = \"b\"\nTOKEN = \"SECRET\"", 5, "`env.TOKEN`"),
        ("command = [\"x\"]\nenv.\"TOKEN\" = \"SECRET\"", 3, "`env.TOKEN`"),
        ("url = \"https://mcp.example\"\nheaders = { A = \"SECRET\" }", 3, "`headers.A`"),
    ] {
        let text = format!("[upstreams.a]\n{}\n", text.replace("SECRET", secret));
        let error = error_at(&text, line);
        assert!(error.contains("upstream `a`") && error.contains(what), "{error}");
        assert!(error.contains("{ env = \"NAME\" }") && error.contains("{ file = "), "{error}");
        assert!(!error.contains(secret), "{error}");
    }
    let mended = "[upstreams.a]\ncommand = [\"x\", { prefix = \"--token=\", env = \"A\" }]\n\
        [upstreams.b]\nurl = { prefix = \"https://mcp.example/mcp?key=\", file = \"/key\" }\n";
    parse(mended).expect("references pass");
}

#[test]
fn an_error_quotes_no_value_that_stands_in_a_wrong_place() {
    for (text, words) in [
        ("[upstreams.a]\nhold = \"hunter2\"", "invalid type: string, expected a boolean"),
        ("[limits]\ndepth_max = \"hunter2, expected\"", "invalid type: string, expected"),
        ("[upstreams.a]\nstart_timeout = -1", "expected u64"),
        ("[doors]\naccess = \"ghp_a1B2c3D4e5F6g7H8i9J0k1L2hunter2\"", "`…`, expected"),
        ("[listen]\nghp_a1B2c3D4e5F6g7H8i9J0k1L2hunter2 = 1", "`…`, expected"),
        ("[doors]\naccess = \"observes\"", "`observes`, expected"),
    ] {
        let error = error_at(text, 2);
        assert!(error.contains(words) && !error.contains("hunter2"), "{text}\n{error}");
    }
}

#[test]
fn base64_is_for_clients_that_are_named() {
    for (text, line) in [
        ("[spotlight]\nmode = \"base64\"", 2),
        ("[spotlight]\nsuspicious = \"base64\"", 2),
        ("[[spotlight.for]]\nkind = \"prose\"\nmode = \"base64\"", 3),
        ("[upstreams.f]\ncommand = [\"x\"]\nspotlight = \"base64\"", 3),
        ("[upstreams.f.tools.echo]\nspotlight = \"base64\"", 2),
    ] {
        let error = error_at(text, line);
        assert!(error.contains("name the client"), "{error}");
    }
}

#[test]
fn a_misspelt_key_is_refused_in_every_table() {
    for (text, line, key) in [
        ("moed = \"observe\"", 1, "moed"),
        ("[listen]\nadress = \"127.0.0.1:1\"", 2, "adress"),
        ("[identity]\njtw = {}", 2, "jtw"),
        ("[identity.jwt]\nissuer = \"i\"\naudiense = \"a\"", 3, "audiense"),
        ("[identity.jwt.jwks]\nfiel = \"a\"", 2, "fiel"),
        ("[identity.jwt.jwks_limits]\nkeys = 1", 2, "keys"),
        ("[access]\npolicy = \"a\"", 2, "policy"),
        ("[limits]\ndepth = 1", 2, "depth"),
        ("[limits.calls_per_tool]\nper_minute = 1\nbrust = 1", 3, "brust"),
        ("[firewall]\nrule = \"a\"", 2, "rule"),
        ("[spotlight]\nmoed = \"off\"", 2, "moed"),
        ("[[spotlight.for]]\nclinet = \"a\"\nmode = \"off\"", 2, "clinet"),
        ("[approvals]\nwiat = {}", 2, "wiat"),
        ("[approvals.wait]\nexpires = 1", 2, "expires"),
        ("[[approvals.approvers]]\nname = \"a\"\nkey = \"b\"", 3, "key"),
        ("[audit]\ndurabilty = \"power\"", 2, "durabilty"),
        ("[doors]\nfirewal = \"enforce\"", 2, "firewal"),
        ("[upstreams.f]\ncommand = [\"x\"]\nhodl = true", 3, "hodl"),
        ("[upstreams.f]\ncommand = [\"x\"]\ncomand = []", 3, "comand"),
        ("[upstreams.f.oauth]\nclientid = \"a\"", 2, "clientid"),
        ("[upstreams.f.tools.echo]\nrisk = \"low\"\nhodl = true", 3, "hodl"),
        ("[upstreams.f.tools]\necho = { hold = true,\n  rsik = \"low\" }", 3, "rsik"),
    ] {
        let error = error_at(text, line);
        let named = ["field", "variant"].map(|kind| format!("unknown {kind} `{key}`"));
        assert!(named.iter().any(|it| error.contains(it)), "{text}\n{error}");
        assert!(error.contains("expected"), "the mend: {error}");
    }
}

#[test]
fn every_table_of_the_schema_is_closed() {
    let schema = super::reference::schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, table) in definitions.iter().chain([(&"top".to_owned(), &schema)]) {
        if table["properties"].is_object() {
            assert_eq!(table["additionalProperties"], false, "`{name}` takes any key");
        }
    }
}

#[test]
fn what_a_start_would_refuse_is_refused_with_its_line() {
    let jwt = "[identity.jwt]\nissuer = \"https://i.example\"\naudience = \"https://g.example\"\n";
    let file = "jwks = { file = \"keys.json\" }\n";
    for (text, line, words) in [
        ("[listen]\naddress = \"8420\"".to_owned(), 2, "127.0.0.1:8420"),
        ("[listen]\naddress = \"127.0.0.300:1\"".to_owned(), 2, "127.0.0.1:8420"),
        ("[listen]\naddress = \"localhost:70000\"".to_owned(), 2, "127.0.0.1:8420"),
        ("[listen]\npublic_url = \"gateway\"".to_owned(), 2, "https://"),
        (format!("{jwt}{file}algorithms = []"), 5, "algorithms"),
        (format!("{jwt}{file}algorithms = [\"none\"]"), 5, "ES256"),
        (format!("{jwt}{file}lifetime_max_seconds = 3600"), 5, "900"),
        (format!("{jwt}{file}leeway_seconds = 60"), 5, "30"),
        (jwt.replace("https://g.example", "") + file, 3, "audience"),
        (jwt.replace("https://i.example", "") + file, 2, "issuer"),
        (jwt.replace("audience", "#") + file, 1, "audience"),
        (jwt.to_owned(), 1, "jwks"),
        (format!("{jwt}jwks = {{ url = \"http://i.example/keys\" }}"), 4, "https"),
        (format!("{jwt}jwks = {{ url = \"keys\" }}"), 4, "https"),
        (format!("{jwt}{file}[listen]\naddress = \"0.0.0.0:1\""), 5, "public_url"),
        (format!("{jwt}{file}[listen]\nscopes = [\"a b\"]"), 6, "listen.scopes"),
        (
            "[[approvals.approvers]]\nname = \"a\"\npublic_key = \"00\"".to_owned(),
            3,
            "approvals enroll",
        ),
        ("[upstreams.a]\nurl = \"ftp://x/\"".to_owned(), 2, "http or https"),
        ("[upstreams.a]\nurl = \"mcp\"".to_owned(), 2, "https://"),
        ("[upstreams.a]\nurl = \"http://x\"\nheaders = { \"a b\" = \"c\" }".to_owned(), 3, "a b"),
        ("[upstreams.a]\ncommand = [\"x\"]\nauth = \"oauth\"".to_owned(), 3, "needs a `url`"),
        (
            "[upstreams.a]\ncommand = [\"x\"]\nstart_timeout = 1\nstart_timeout_s = 1".to_owned(),
            3,
            "keep one",
        ),
    ] {
        let error = error_at(&text, line);
        assert!(error.contains(words), "{text}\n{error}");
    }
    parse(&format!("{jwt}{file}[listen]\naddress = \"localhost:1\"")).expect("a host's name");
    let key = "0123456789abcdef".repeat(4);
    let approver = |name: &str| {
        format!("[[approvals.approvers]]\nname = \"{name}\"\npublic_key = \"{key}\"\n")
    };
    parse(&format!("{}{}", approver("ana"), approver("bo"))).expect("approvers");
    let twice = error_at(&format!("{}{}", approver("ana"), approver("ana")), 5);
    assert!(twice.contains("a name of their own"), "{twice}");
}

#[test]
fn upstream_settings_name_the_key_that_cannot_be_used() {
    let text = "[upstreams.a]\ncommand = [\"x\",\n { env = \"BARTIZAN_TEST_IS_NOT_SET\" }]\n\
        [upstreams.b]\nurl = \"http://127.0.0.1:9/mcp\"\n[upstreams.b.headers]\n\
        Authorization = { file = \"/nowhere/token\" }\n[upstreams.c]\nrisk = \"low\"\n";
    let config = parse(text).expect("config");
    for (name, line, words) in
        [("a", 3, "BARTIZAN_TEST_IS_NOT_SET"), ("b", 7, "/nowhere/token"), ("c", 8, "command")]
    {
        let error = config.upstream_settings(name).expect_err(name).to_string();
        let place = format!("bartizan.toml:{line}: upstream `{name}`: ");
        assert!(error.starts_with(&place) && error.contains(words), "{error}");
    }
}

#[test]
fn the_start_timeout_has_two_names() {
    for (key, seconds) in [("start_timeout = 3", 3), ("start_timeout_s = 4", 4), ("", 10)] {
        let config = parse(&format!("[upstreams.a]\ncommand = [\"x\"]\n{key}\n")).expect(key);
        let settings = config.upstream_settings("a").expect("settings");
        assert_eq!(settings.start_timeout.as_secs(), seconds, "{key}");
    }
}

#[test]
fn files_of_keys_and_secrets_start_at_the_configurations_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("token");
    std::fs::write(&secret, "s3cret").expect("written");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, private).expect("a mode");
    let text = "[upstreams.a]\ncommand = [\"x\", { file = \"token\" }]\n\
        [identity.jwt]\nissuer = \"i\"\naudience = \"a\"\njwks = { file = \"keys.json\" }\n";
    let config = Config::parse(text, &folder.path().join("bartizan.toml")).expect("config");
    assert!(config.upstream_settings("a").is_ok());
    let jwks = config.file.identity.jwt.expect("jwt").jwks;
    assert_eq!(jwks, crate::identity::jwks::Source::File(folder.path().join("keys.json")));
}
