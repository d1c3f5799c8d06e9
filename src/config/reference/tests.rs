use super::{page, schema, undocumented};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference/configuration.md");

/// `UPDATE_EXPECT=1` renews the page.
#[test]
fn the_page_in_docs_is_what_the_types_say() {
    let fresh = page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PAGE, &fresh).expect("docs/reference is there");
    }
    let kept = std::fs::read_to_string(PAGE).expect("the page is there");
    assert!(kept == fresh, "{PAGE} is stale; run this test with UPDATE_EXPECT=1");
}

#[test]
fn tables_lists_and_maps_of_tables_have_sections_with_their_keys() {
    let page = page();
    for (heading, key) in [
        ("## Top level", "`naming`"),
        ("## `[listen]`", "`address`"),
        ("## `[limits]`", "`depth_max`"),
        ("## `[identity.jwt]`", "`issuer`"),
        ("## `[approvals.wait]`", "`expires_s`"),
        ("## `[[approvals.approvers]]`", "`public_key`"),
        ("## `[upstreams.NAME]`", "`command`"),
        ("## `[upstreams.NAME.tools.TOOL]`", "`hold`"),
    ] {
        let section = page.split("\n## ").find(|it| format!("## {it}").starts_with(heading));
        let section = section.unwrap_or_else(|| panic!("no {heading}"));
        assert!(section.contains(key), "{heading} has no {key}");
    }
    assert!(page.contains("\"127.0.0.1:8420\""), "defaults are missing");
    let rate = page.split("## `[limits.calls_per_principal]`").nth(1).unwrap_or_default();
    let rate = rate.split("\n## ").next().unwrap_or_default();
    assert!(!rate.contains("|  | Calls"), "the defaults of a whole table are missing: {rate}");
    assert!(page.contains("`{ file = … }`"), "the places of a secret are missing");
    assert!(page.contains("`\"enforce\"`, `\"observe\"`"), "choices are missing");
}

#[test]
fn every_key_is_explained() {
    assert_eq!(undocumented(&schema()), Vec::<String>::new());
}
