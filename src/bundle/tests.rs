use std::collections::BTreeMap;

use super::{Against, Bundle, BundleError, Heading, Kept, PublicKey, archive, pack, sign};

const RULES: &str = r#"schema = 1
[[rule]]
id = "acme.word"
version = 1
title = "A word"
severity = "low"
confidence = "low"
level = 1
surfaces = ["tool_result"]
literals = ["acmeword"]
action = "flag"
message = "A text holds the word."
examples.match = ["an acmeword"]
examples.no_match = ["a word"]
"#;

fn heading(sequence: u64) -> Heading {
    Heading {
        name: "acme".into(),
        version: "1.0.0".into(),
        sequence,
        engine: "0.1".into(),
        created: 1_000,
        expires: Some(2_000),
        replaces_core: false,
    }
}

fn files() -> BTreeMap<String, String> {
    BTreeMap::from([("acme.toml".to_owned(), RULES.to_owned())])
}

struct Signer {
    private: Vec<u8>,
    public: PublicKey,
}

impl Signer {
    fn new() -> Self {
        let (private, public) = sign::generate().expect("a key");
        Self { private, public }
    }

    fn bundle(&self, heading: Heading) -> Vec<u8> {
        self.sign(&pack(heading, &files()).expect("packs"))
    }

    fn sign(&self, bundle: &[u8]) -> Vec<u8> {
        sign::sign(bundle, &self.private).expect("signs").0
    }

    fn open(&self, bundle: &[u8]) -> Result<Bundle, BundleError> {
        Bundle::open(bundle, Against { keys: &[self.public], sequence: 0, now: 1_500 })
    }
}

#[test]
fn what_was_signed_is_what_is_read() {
    let signer = Signer::new();
    let bytes = signer.bundle(heading(7));
    let opened = signer.open(&bytes).expect("opens");
    assert_eq!((opened.manifest.name.as_str(), opened.manifest.sequence), ("acme", 7));
    let [source] = opened.sources().try_into().expect("one file");
    assert_eq!((source.name.as_str(), source.text.as_str()), ("bundle acme/acme.toml", RULES));
    assert_eq!(bytes, signer.bundle(heading(7)), "equal files are equal bytes");
    let twice = Signer::new().sign(&bytes);
    assert!(signer.open(&twice).is_ok(), "a second signature takes nothing away");
}

#[test]
fn what_is_not_signed_altered_old_or_stale_is_refused() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let unsigned = pack(heading(7), &files()).expect("packs");
    assert_eq!(signer.open(&unsigned).expect_err("unsigned"), BundleError::Unsigned);
    let foreign = stranger.bundle(heading(7));
    assert_eq!(signer.open(&foreign).expect_err("another's"), BundleError::Signer);

    let good = signer.bundle(heading(7));
    let entries = archive::read(&good).expect("an archive");
    let with = |name: &str, content: &[u8]| {
        let mut entries = entries.clone();
        entries.insert(name.to_owned(), content.to_vec());
        let ordered: Vec<(&str, Vec<u8>)> =
            entries.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
        signer.open(&archive::write(&ordered).expect("an archive")).expect_err("altered")
    };
    let altered = BundleError::Altered { file: "acme.toml".into() };
    assert_eq!(with("acme.toml", b"schema = 1"), altered);
    assert_eq!(with("more.toml", b""), BundleError::Unlisted { file: "more.toml".into() });
    let manifest = String::from_utf8(entries["manifest.json"].clone()).expect("text");
    assert_eq!(with("manifest.json", manifest.replace('7', "8").as_bytes()), BundleError::Signer);

    let keys = [signer.public];
    let older = Bundle::open(&good, Against { keys: &keys, sequence: 8, now: 1_500 });
    assert_eq!(older.expect_err("older"), BundleError::Older { is: 7, floor: 8 });
    let stale = Bundle::open(&good, Against { keys: &keys, sequence: 0, now: 2_000 });
    assert_eq!(stale.expect_err("stale"), BundleError::Stale { expires: 2_000 });
    let newer = signer.bundle(Heading { engine: "99.0".into(), ..heading(7) });
    let needed = BundleError::Engine { needed: "99.0".into() };
    assert_eq!(signer.open(&newer).expect_err("newer engine"), needed);
}

#[test]
fn no_archive_leads_out_of_itself_or_grows() {
    let signer = Signer::new();
    assert!(matches!(
        signer.open(b"not a tar"),
        Err(BundleError::Unreadable(_) | BundleError::NoManifest)
    ));
    let good = signer.bundle(heading(1));
    for cut in (0..good.len()).step_by(97) {
        // The last blocks of an archive are empty; without them it is still whole.
        let opened = signer.open(&good[..cut]);
        assert!(opened.is_err() || cut > good.len() - 1024 - 512, "cut at {cut}");
    }
    for name in ["../a.toml", "/a.toml", "a/../b.toml", ".hidden", "a b", ""] {
        let files = BTreeMap::from([(name.to_owned(), String::new())]);
        assert!(pack(heading(1), &files).is_err(), "{name:?}");
    }
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    link.set_cksum();
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_link(&mut link, "a.toml", "/etc/passwd").expect("written");
    let bytes = builder.into_inner().expect("an archive");
    assert!(matches!(signer.open(&bytes), Err(BundleError::Unreadable(_))));
    let claims = [(super::MANIFEST, vec![b' '; super::BYTES_MAX])];
    let large = archive::write(&claims).expect("an archive");
    assert_eq!(signer.open(&large).expect_err("large"), BundleError::TooLarge);
}

#[test]
fn the_last_good_one_stays_and_nothing_older_follows_it() {
    let signer = Signer::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (kept, keys) = (Kept::under(folder.path()), [signer.public]);
    let take = |bytes: &[u8]| kept.take(bytes, &keys, 1_500, |_| Ok(()));
    assert!(kept.load(&keys).expect("nothing yet").is_none());
    take(&signer.bundle(heading(7))).expect("the first");
    take(&signer.bundle(heading(7))).expect("the same again");
    assert_eq!(
        take(&signer.bundle(heading(6))).expect_err("a step back"),
        BundleError::Older { is: 6, floor: 7 }
    );
    let other = Heading { version: "1.0.1".into(), ..heading(7) };
    assert!(matches!(take(&signer.bundle(other)), Err(BundleError::Older { .. })));
    let named = Heading { name: "else".into(), ..heading(9) };
    assert!(matches!(take(&signer.bundle(named)), Err(BundleError::Name { .. })));
    let broken = |_: &Bundle| Err(BundleError::Rules("a rule does not compile".into()));
    assert!(kept.take(&signer.bundle(heading(8)), &keys, 1_500, broken).is_err());
    let in_force = kept.load(&keys).expect("it holds").expect("there");
    assert_eq!(in_force.manifest.sequence, 7);
    std::fs::write(kept.path(), b"altered").expect("written");
    assert!(kept.load(&keys).is_err(), "what somebody altered is not used, and not forgotten");
}
