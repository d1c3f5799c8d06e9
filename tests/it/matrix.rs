//! The evasion matrix: each attack beside an honest twin, through a gateway with the default profile.
//! `docs/evasion-matrix.md` holds what becomes of them; a row of it without a case here, or a case
//! without a row, fails.

mod approvals;
mod arguments;
mod bench;
mod definitions;
mod encodings;
mod messages;
mod spelling;
mod texts;

use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../docs/evasion-matrix.md");

/// The names of all cases.
const CASES: &[&[&str]] =
    &[texts::ROWS, definitions::ROWS, messages::ROWS, arguments::ROWS, approvals::ROWS];

/// The rows of the page, by name: their other cells.
fn page() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches(['|', ' ']).split(" | ").map(str::trim);
        let name = cells.next().expect("a name").trim_matches('`');
        assert!(rows.insert(name, cells.collect()).is_none(), "`{name}` stands twice");
    }
    rows
}

#[test]
fn the_page_and_the_matrix_are_the_same() {
    let documented: BTreeSet<&str> = page().into_keys().collect();
    let tested = CASES.iter().flat_map(|rows| rows.iter().copied());
    let tested: BTreeSet<&str> = tested.chain(spelling::ALL.iter().map(|way| way.name)).collect();
    let untested: Vec<_> = documented.difference(&tested).collect();
    let unwritten: Vec<_> = tested.difference(&documented).collect();
    assert!(
        untested.is_empty() && unwritten.is_empty(),
        "untested {untested:?}, unwritten {unwritten:?}"
    );
}

/// One group of rows under way.
struct Rows {
    open: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

impl Rows {
    fn new(rows: &'static [&'static str]) -> Self {
        Self { open: rows.iter().copied().collect(), wrong: Vec::new() }
    }

    /// Compares what became of an attack and of its twin with what the page says.
    fn row(&mut self, name: &'static str, attack: impl AsRef<str>, twin: impl AsRef<str>) {
        assert!(self.open.remove(name), "`{name}` is no open row of this group");
        let page = page();
        let stated = match page.get(name).map(Vec::as_slice) {
            Some([_, attack, _, twin]) => (*attack, *twin),
            _ => ("(no row)", "(no row)"),
        };
        let became = (attack.as_ref(), twin.as_ref());
        if stated != became {
            self.wrong.push(format!("`{name}`: {became:?}, the page says {stated:?}"));
        }
    }

    fn finish(self) {
        assert!(self.wrong.is_empty(), "\n{}", self.wrong.join("\n"));
        assert!(self.open.is_empty(), "never tried: {:?}", self.open);
    }
}
