use super::*;
use crate::firewall::Source;

const DAY: i64 = 24 * 3600 * 1000;
/// 2026-11-23.
const TODAY: i64 = 20_780 * DAY;

fn document(expires: &str, at: &str) -> Source {
    let text = format!(
        "schema = 1\n\n[[exclusion]]\nid = \"notes-1\"\nowner = \"ana\"\nreason = \"our own word\"\n\
        expires = {expires}\nrule = \"a.b\"\nmatch = {{ {at} }}\n"
    );
    Source { name: "notes.toml".to_owned(), text }
}

fn read(expires: &str, at: &str) -> Result<(Exclusions, Vec<Fault>), Vec<Fault>> {
    Exclusions::read(&[document(expires, at)], None, TODAY)
}

fn spot<'a>(server: &'a str, pointer: &'a str) -> Spot<'a> {
    let surface = Surface::ToolResult;
    Spot { surface, server: Some(server), tool: Some("read"), principal: Some("scribe"), pointer }
}

fn excluded(exclusions: &Exclusions, spot: Spot<'_>, text: &str, now: i64) -> bool {
    let said = exclusions.say("a.b", spot, now, &mut || text.to_owned());
    matches!(said, Some(Said::Excluded(_)))
}

fn codes(faults: &[Fault]) -> Vec<Code> {
    faults.iter().map(|fault| fault.code).collect()
}

#[test]
fn only_the_place_that_is_named_is_silenced() {
    let at = "server = \"wiki\", tool = \"re*\", pointer = \"/content/*/text\"";
    let (exclusions, faults) = read("2026-12-01", at).expect("it is read");
    assert_eq!(faults, []);
    let there = spot("wiki", "/content/0/text");
    assert!(excluded(&exclusions, there, "", TODAY));
    assert!(!excluded(&exclusions, spot("mail", "/content/0/text"), "", TODAY));
    assert!(!excluded(&exclusions, spot("wiki", "/structuredContent"), "", TODAY));
    assert!(!excluded(&exclusions, Spot { server: None, ..there }, "", TODAY), "not known");
    assert!(exclusions.say("a.c", there, TODAY, &mut String::new).is_none(), "another rule");
}

#[test]
fn a_text_is_told_by_its_digest_alone() {
    let digest = "ab".repeat(32);
    let (exclusions, _) =
        read("2026-12-01", &format!("content_sha256 = \"{digest}\"")).expect("read");
    assert!(excluded(&exclusions, spot("wiki", ""), &digest, TODAY));
    assert!(!excluded(&exclusions, spot("wiki", ""), &"ac".repeat(32), TODAY));
}

#[test]
fn it_applies_through_its_last_day_and_no_longer() {
    let (exclusions, faults) = read("2026-11-23", "server = \"wiki\"").expect("it is read");
    assert_eq!(faults, []);
    let there = spot("wiki", "");
    assert!(excluded(&exclusions, there, "", TODAY + DAY - 1));
    assert!(!excluded(&exclusions, there, "", TODAY + DAY));
    let said = exclusions.say("a.b", there, TODAY + DAY, &mut String::new);
    assert!(matches!(said, Some(Said::Expired(id)) if &**id == "notes-1"));
}

#[test]
fn an_expired_one_loads_with_a_warning_that_names_its_owner() {
    let (exclusions, faults) = read("2026-11-22", "server = \"wiki\"").expect("it is read");
    assert_eq!(codes(&faults), [Code::X0005]);
    assert!(faults[0].to_string().contains("of ana no longer applies since 2026-11-22"));
    assert!(!excluded(&exclusions, spot("wiki", ""), "", TODAY));
}

#[test]
fn ninety_days_ahead_is_the_furthest_that_it_may_end() {
    assert!(read("2027-02-21", "server = \"wiki\"").is_ok());
    let faults = read("2027-02-22", "server = \"wiki\"").expect_err("too far");
    assert_eq!(codes(&faults), [Code::X0004]);
    assert!(faults[0].message.contains("2027-02-21"), "{}", faults[0]);
    assert_eq!(codes(&read("\"soon\"", "server = \"a\"").expect_err("no day")), [Code::X0001]);
}

#[test]
fn one_without_a_place_is_refused_and_one_for_every_server_is_told() {
    assert_eq!(codes(&read("2026-12-01", "").expect_err("no place")), [Code::X0006]);
    assert_eq!(codes(&read("2026-12-01", "server = \"*\"").expect_err("none")), [Code::X0006]);
    let (_, faults) = read("2026-12-01", "pointer = \"/a\"").expect("it is read");
    assert_eq!(codes(&faults), [Code::X0008]);
}

#[test]
fn ids_are_used_once_and_unknown_keys_are_told_with_their_line() {
    let twice =
        [document("2026-12-01", "server = \"a\""), document("2026-12-01", "server = \"b\"")];
    let faults = Exclusions::read(&twice, None, TODAY).expect_err("twice");
    assert_eq!(codes(&faults), [Code::X0003]);
    let faults = read("2026-12-01", "servers = \"a\"").expect_err("an unknown key");
    assert_eq!((faults[0].code, faults[0].line), (Code::X0001, 9));
}

#[test]
fn a_case_that_does_not_come_out_is_a_fault() {
    let case = |silenced: bool| {
        let mut source = document("2026-12-01", "server = \"wiki\"");
        source.text.push_str(&format!(
            "[[exclusion.case]]\nsilenced = {silenced}\nsurface = \"tool_result\"\nserver = \"mail\"\n"
        ));
        Exclusions::read(&[source], None, TODAY)
    };
    assert!(case(false).is_ok());
    assert_eq!(codes(&case(true).expect_err("it is not")), [Code::X0009]);
}

#[test]
fn days_are_those_of_the_calendar() {
    for day in ["1970-01-01", "2024-02-29", "2026-11-23", "2100-03-01"] {
        let value: toml::value::Datetime = day.parse().expect("a date");
        let date = Date::of_toml(&value).expect("a day");
        assert_eq!(date.to_string(), day);
        assert_eq!(Date::of_ms(date.end_ms() - 1), date);
    }
    assert_eq!(Date::of_ms(TODAY).to_string(), "2026-11-23");
}
