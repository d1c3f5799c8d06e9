//! A call as flow rules see it: where it sends or writes, and what.

use base64::{Engine as _, engine::general_purpose};

use super::{
    advertised::Advertised,
    class::Classes,
    digest::{Digester, normal},
    passage,
    token::{self, Kind, is_web},
};
use crate::{mcp::Json, settings::Risk};

/// The tool that is called.
#[derive(Clone, Copy, Debug)]
pub struct Sink<'a> {
    pub server: &'a str,
    pub tool: &'a str,
    pub classes: Classes,
    pub risk: Risk,
    /// What the tool says of itself. A server's word: it can add to what is asked about, and take
    /// nothing away.
    pub about: &'a str,
    /// Nobody said what it does, and its own words say that it reads.
    pub asks: bool,
    /// What definitions of servers name.
    pub advertised: &'a Advertised,
}

/// What an argument is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It says where to.
    Destination,
    /// A program or a query: whatever it names, it may reach.
    Code,
    /// Content.
    Text,
}

/// One argument, or one entry of it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// RFC 6901.
    pub(super) pointer: String,
    pub(super) text: String,
    pub(super) role: Role,
    /// A number in it names something: an order, an issue, a row.
    pub(super) names: bool,
    /// It is a path, whatever else it looks like: `run.py` is no host in Paraguay.
    pub(super) file: bool,
    /// Which of the destinations it names.
    pub(super) named: std::ops::Range<usize>,
    /// It says what is to be replaced: the text of the file, as it was read.
    pub(super) old: bool,
}

/// A destination that an argument names.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    pub(super) leaf: usize,
    pub(super) kind: Kind,
    pub(super) token: String,
    pub(super) digest: u64,
}

/// The arguments of a call, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    pub(super) leaves: Vec<Leaf>,
    /// Those of one leaf stand together.
    pub(super) destinations: Vec<Destination>,
    /// There were more arguments than are looked at.
    pub(super) over: bool,
}

/// Words of an argument's name that say it is a destination.
const DESTINATIONS: &str = "to cc bcc recipient recipients email emails mail address addresses url urls uri uris href \
    link links endpoint webhook callback host hostname domain path paths file files filename \
    filepath dir directory folder destination dest target channel channels user users username \
    handle nickname login assignee assignees reviewer reviewers member members invitee attendees account accounts iban \
    payee beneficiary branch ref remote repo repository owner org project bucket phone chat room \
    topic source src location site page origin base head";
/// Words of an argument's name that say it is run.
const CODE: &str = "command cmd code script query sql expression args arguments shell program statement \
    javascript js function";
/// Words of an argument's name that say that a number in it names something.
const NUMBERS: &str = "id ids number numbers no nr issue issues order orders ticket tickets pr row item items index ref uid key";
/// Words of an argument's name that say that it is replaced.
const OLD: &str = "old before search find";
/// Words of an argument's name that say that it is a path.
const FILES: &str = "path paths file files filename filepath dir directory folder";
/// Arguments of one call that are looked at; a call with more is taken for one without destination.
const LEAVES_MAX: usize = 4096;

impl Arguments {
    /// `brief` leaves long content unread: the run is clean, so only what the agent may call its own
    /// counts.
    pub(super) fn of(arguments: &Json, digester: &Digester, brief: bool) -> Self {
        const BRIEF_BYTES_MAX: usize = 1024;
        let mut all = Self::default();
        all.collect(arguments, &mut String::new(), Of::default());
        for index in 0..all.leaves.len() {
            let Some(leaf) = all.leaves.get(index) else { break };
            if brief && leaf.role == Role::Text && leaf.text.len() > BRIEF_BYTES_MAX {
                continue;
            }
            let leaf = leaf.clone();
            let start = all.destinations.len();
            all.name(index, &leaf, digester);
            let named = start..all.destinations.len();
            if let Some(leaf) = all.leaves.get_mut(index) {
                leaf.named = named;
            }
        }
        all
    }

    fn collect(&mut self, value: &Json, pointer: &mut String, of: Of) {
        if self.leaves.len() >= LEAVES_MAX {
            self.over = true;
            return;
        }
        match value {
            Json::String(text) => self.leaf(pointer, text.clone(), of),
            Json::Number(number) => self.leaf(pointer, number.as_str().to_owned(), of),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let length = pointer.len();
                    pointer.push_str(&format!("/{index}"));
                    self.collect(item, pointer, of);
                    pointer.truncate(length);
                }
            }
            Json::Object(object) => {
                for (key, value) in object.iter() {
                    let length = pointer.len();
                    // Names are the caller's or the server's: on a card they are no words of ours.
                    let plain = |c: &char| c.is_alphanumeric() || "_-.".contains(*c);
                    let shown: String = key.chars().filter(plain).take(40).collect();
                    pointer.push_str(&format!("/{shown}"));
                    if is_data(key) {
                        self.leaf(pointer, key.to_owned(), Of { role: Role::Text, ..of });
                    }
                    self.collect(value, pointer, of.under(key));
                    pointer.truncate(length);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// What one of its leaves names.
    pub(super) fn of_leaf(&self, leaf: &Leaf) -> &[Destination] {
        self.destinations.get(leaf.named.clone()).unwrap_or_default()
    }

    fn leaf(&mut self, pointer: &str, text: String, of: Of) {
        let Of { role, names, file, old } = of;
        self.leaves.push(Leaf {
            pointer: pointer.to_owned(),
            text,
            role,
            names,
            file,
            old,
            named: 0..0,
        });
    }

    /// Finds what a leaf names. Content names accounts alone: an address in a letter is no place
    /// where the letter goes, an account in a payment list is.
    fn name(&mut self, index: usize, leaf: &Leaf, digester: &Digester) {
        let Leaf { text, role, file, .. } = leaf;
        let destinations = &mut self.destinations;
        let mut keep = |kind: Kind, token: &str| {
            let digest = digester.of(kind as u8, token.as_bytes());
            destinations.push(Destination { leaf: index, kind, token: token.to_owned(), digest });
        };
        let single = !text.trim().contains(char::is_whitespace);
        match role {
            Role::Destination => {
                let path = *file && !text.contains("://");
                token::each(text, &mut |kind, token| {
                    if !(path && is_web(kind)) {
                        keep(kind, token);
                    }
                });
                let whole = text.trim();
                if !whole.contains("://") && !whole.contains('@') && !whole.is_empty() {
                    keep(Kind::Path, &token::path(whole));
                    keep(Kind::Name, &whole.trim_start_matches(['#', '@']).to_lowercase());
                }
            }
            Role::Code => token::each(text, &mut keep),
            Role::Text => token::each(text, &mut |kind, token| {
                if kind == Kind::Account || single && kind != Kind::Name {
                    keep(kind, token);
                }
            }),
        }
    }

    /// Every leaf that carries content rather than a place, in normal form and undone encodings.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&Leaf, Vec<u8>)> {
        let carries = |leaf: &Leaf| leaf.role != Role::Destination || leaf.text.contains("://");
        self.readings().filter(move |(leaf, _)| carries(leaf))
    }

    /// As [`Arguments::contents`], of places too.
    pub(super) fn readings(&self) -> impl Iterator<Item = (&Leaf, Vec<u8>)> {
        let of = |leaf| readings(leaf).into_iter();
        self.leaves.iter().flat_map(move |leaf| of(&leaf.text).map(move |read| (leaf, read)))
    }
}

/// Whether a member's name is more than a name.
fn is_data(key: &str) -> bool {
    const NAME_BYTES_MAX: usize = 40;
    const DIGITS_MIN: usize = 5;
    key.len() > NAME_BYTES_MAX
        || key.contains(['@', '.', '/', ' ', ':'])
        || key.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_MIN
}

/// What the names of members above a value say of it.
#[derive(Clone, Copy, Debug)]
struct Of {
    role: Role,
    names: bool,
    file: bool,
    old: bool,
}

impl Default for Of {
    fn default() -> Self {
        Self { role: Role::Text, names: false, file: false, old: false }
    }
}

impl Of {
    /// The same for what stands under this name.
    fn under(self, key: &str) -> Self {
        let words = words_of(key);
        let any = |set: &str| set.split_whitespace().any(|it| words.iter().any(|word| word == it));
        let role = match () {
            () if any(CODE) => Role::Code,
            () if any(DESTINATIONS) => Role::Destination,
            () => self.role,
        };
        Self { role, names: self.names || any(NUMBERS), file: any(FILES), old: any(OLD) }
    }
}

/// The words of a member's name, in small letters.
fn words_of(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in key.chars() {
        if (!c.is_alphanumeric() || c.is_uppercase()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.push(word);
    words
}

/// Each Latin letter thirteen places on.
pub(super) fn rot13(text: &str) -> String {
    let turned = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from_u32(u32::from(c) + 13).unwrap_or(c),
        'n'..='z' | 'N'..='Z' => char::from_u32(u32::from(c) - 13).unwrap_or(c),
        _ => c,
    };
    text.chars().map(turned).collect()
}

/// The ways in which a text may carry another: as it is, backwards, in rot13, base64, hexadecimal or
/// percent signs.
fn readings(text: &str) -> Vec<Vec<u8>> {
    const ENCODED_CHARS_MIN: usize = 24;
    let mut all = vec![normal(text)];
    if text.len() < super::digest::GRAM_BYTES {
        return all;
    }
    all.push(normal(&text.chars().rev().collect::<String>()));
    all.push(normal(&rot13(text)));
    if text.contains('%') {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        all.push(normal(&decoded));
    }
    let encoded = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    let runs = text.split(|c: char| !encoded(c)).flat_map(|run| run.split('='));
    for run in runs.filter(|run| run.len() >= ENCODED_CHARS_MIN) {
        let plain = run.replace('-', "+").replace('_', "/");
        // What stands before it, as in an address, moves where its groups of four begin.
        let texts = (0..4).filter_map(|start| from_base64(plain.get(start..)?));
        all.extend(texts.map(|bytes| normal(&String::from_utf8_lossy(&bytes))));
    }
    let digits = text.split(|c: char| !c.is_ascii_hexdigit());
    let digits = digits.filter(|run| run.len() >= ENCODED_CHARS_MIN);
    all.extend(digits.filter_map(unhex).map(|bytes| normal(&String::from_utf8_lossy(&bytes))));
    all
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let whole = text.get(..text.len() - text.len() % 4)?;
    let decode = |text| general_purpose::STANDARD_NO_PAD.decode(text).ok();
    decode(text).or_else(|| decode(whole))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len() / 2).map(|at| text.get(at * 2..at * 2 + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// The words of a leaf as an order would name it; a path by its last segment.
pub(super) fn described_by(leaf: &Leaf, digester: &Digester) -> Vec<u64> {
    let place = leaf.role == Role::Destination && !leaf.text.contains("://");
    let text = if place { leaf.text.trim_end_matches('/').rsplit('/').next() } else { None };
    let lower = text.unwrap_or(&leaf.text).to_lowercase();
    passage::words(digester, &lower)
}

/// Files that agents, shells and build servers read and obey, by how their path ends.
const OBEYED: &str = ".bashrc .bash_profile .bash_login .profile .zshrc .zshenv .zprofile config.fish crontab \
    .mcp.json mcp.json claude_desktop_config.json claude.md claude.local.md agents.md gemini.md \
    .cursorrules .windsurfrules .clinerules copilot-instructions.md .gitlab-ci.yml jenkinsfile \
    .gitconfig .npmrc .pypirc .envrc authorized_keys .pre-commit-config.yaml";
/// Endings of files that are run, or that programs are built from.
const PROGRAMS: &str = "py js mjs cjs ts tsx jsx sh bash zsh fish ps1 bat cmd rb php pl lua rs go java kt kts scala c cc cpp \
    h hpp cs swift m sql r jl ex exs erl clj groovy gradle vbs ipynb tf nix cmake mk service";
/// Files of other endings that are.
const PROGRAM_FILES: &str = "makefile dockerfile containerfile justfile rakefile gemfile procfile vagrantfile \
    requirements.txt constraints.txt pyproject.toml setup.cfg pipfile cargo.toml build.rs package.json \
    package-lock.json go.mod composer.json pom.xml tox.ini environment.yml docker-compose.yml \
    compose.yml compose.yaml";

/// Whether what is written to this path is run or built from.
pub(super) fn is_program(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let any = |set: &str, wanted: &str| set.split_whitespace().any(|it| it == wanted);
    any(PROGRAMS, ending) || any(PROGRAM_FILES, name) || is_obeyed(&path)
}

/// Folders whose files are obeyed.
const OBEYED_FOLDERS: &str = ".git/ .github/workflows/ .claude/ .cursor/ .vscode/ .ssh/ .husky/ .config/autostart/ \
    .config/systemd/ cron.d/ .codex/ .gemini/";

/// Whether what is written to this path is obeyed by others later.
pub(super) fn is_obeyed(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let within = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    OBEYED.split_whitespace().any(|it| it == name) || OBEYED_FOLDERS.split_whitespace().any(within)
}

/// Names of folders that others can read.
const SHARED: &str =
    "public public_html www wwwroot webroot htdocs shared share pub outbox dropbox html site";

/// Whether others can read what is written to this path.
pub(super) fn is_shared(path: &str) -> bool {
    let path = path.to_lowercase();
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|folder| SHARED.split_whitespace().any(|it| it == folder))
}

#[cfg(test)]
mod tests {
    use super::{Of, Role, is_obeyed, is_program, readings};
    use crate::flow::digest::normal;

    #[test]
    fn names_of_arguments_say_what_they_are_for() {
        for (key, role) in [
            ("url", Role::Destination),
            ("repo_path", Role::Destination),
            ("channelId", Role::Destination),
            ("shell_command", Role::Code),
            ("content", Role::Text),
            ("tomato", Role::Text),
        ] {
            assert_eq!(Of::default().under(key).role, role, "{key}");
        }
    }

    #[test]
    fn encodings_are_undone() {
        use base64::Engine as _;
        const TEXT: &str = "The launch code is zero zero zero";
        let base64 = base64::engine::general_purpose::STANDARD.encode(TEXT);
        let hex: String = TEXT.bytes().map(|byte| format!("{byte:02x}")).collect();
        let backwards: String = TEXT.chars().rev().collect();
        let percent = TEXT.replace(' ', "%20");
        let turned = super::rot13(TEXT);
        for (carried, before) in [base64, hex, backwards, percent, turned]
            .iter()
            .flat_map(|carried| ["?d=", "", "a/", "ab/", "abc/"].map(|before| (carried, before)))
        {
            let carried = format!("http://e.example/{before}{carried}");
            let found = readings(&carried).iter().any(|reading| {
                let wanted = normal(TEXT);
                reading.windows(wanted.len()).any(|window| window == wanted)
            });
            assert!(found, "{carried}");
        }
    }

    #[test]
    fn files_that_are_run_or_built_from_are_known_by_their_ending_or_name() {
        for path in ["work/importer.py", "Makefile", "repo/requirements.txt", ".bashrc"] {
            assert!(is_program(path), "{path}");
        }
        for path in ["notes.md", "table.csv", "py"] {
            assert!(!is_program(path), "{path}");
        }
    }

    #[test]
    fn files_that_are_obeyed_are_known_by_how_their_path_ends() {
        for path in
            ["home/a/.bashrc", "work/.git/hooks/pre-commit", "CLAUDE.md", ".github/workflows/a.yml"]
        {
            assert!(is_obeyed(path), "{path}");
        }
        for path in ["notes.md", "work/github/a.yml", "bashrc.txt"] {
            assert!(!is_obeyed(path), "{path}");
        }
    }
}
