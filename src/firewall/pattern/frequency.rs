//! Guesses how often a literal occurs in honest texts, to choose the rarest of several.
//!
//! Bytes are taken for a chain in which each depends on the one before, except in common words, which
//! are more frequent than their letters say. The figures were counted in 2 MB each of English prose, Markdown, Rust sources and YAML, TOML and JSON files of the crates
//! that this one is built from.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Kinds of bytes: letters whatever their case, digits, and the marks of [`MARKS`].
const KINDS: usize = 41;
/// The kinds from 27 on: bytes that stand for each other. What is left of ASCII is kind 39, and all
/// beyond it kind 40.
const MARKS: [&[u8]; 12] =
    [b" \t", b"\n\r", b".", b",", b"-", b"_", b"/", b":", b"\"'`", b"=", b"()[]{}", b"<>"];
const DIGIT: u8 = 26;
const MARK: u8 = 27;
const OTHER: u8 = 39;
const BEYOND: u8 = 40;

/// A rough share of positions in honest texts at which a literal in lower case starts.
pub(in crate::firewall) fn frequency(literal: &[u8]) -> f64 {
    let share = spelled(literal);
    let inner = literal.trim_ascii();
    if inner.len() > 1 && inner.iter().all(u8::is_ascii_lowercase) {
        return share.max(VOCABULARY.spoken(literal));
    }
    let mut words = literal.split(|byte| !byte.is_ascii_lowercase()).filter(|word| word.len() > 1);
    match (words.next(), words.next()) {
        (Some(word), None) => share.max(VOCABULARY.spoken(word) * share / spelled(word)),
        _ => share,
    }
}

/// The share of places with four bytes in a row of a literal, or three.
pub(in crate::firewall) fn frequency_of_gram(gram: &[u8]) -> f64 {
    let spoken = VOCABULARY.grams.get(gram).copied().unwrap_or_default();
    spelled(gram).max(f64::from(spoken))
}

/// The endings of the common words with a blank on either side, in order, so that those that begin
/// with some letters stand together.
struct Vocabulary {
    endings: Vec<Vec<u8>>,
    /// The shares of all endings before each place.
    sums: Vec<f32>,
    /// The shares of what three or four bytes begin.
    grams: HashMap<Vec<u8>, f32>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut endings: Vec<(Vec<u8>, f32)> = Vec::new();
    let mut grams: HashMap<Vec<u8>, f32> = HashMap::new();
    for (bits, words) in WORDS {
        let share = (-bits).exp2();
        for word in words.split(' ') {
            let word = format!(" {word} ").into_bytes();
            let ends = (0..word.len()).filter_map(|start| word.get(start..));
            endings.extend(ends.map(|end| (end.to_owned(), share)));
            for gram in word.windows(3).chain(word.windows(4)) {
                *grams.entry(gram.to_owned()).or_default() += share;
            }
        }
    }
    endings.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let mut sum = 0.0;
    let mut sums = vec![sum];
    for (_, share) in &endings {
        sum += share;
        sums.push(sum);
    }
    Vocabulary { endings: endings.into_iter().map(|(end, _)| end).collect(), sums, grams }
});

impl Vocabulary {
    /// The share at which the words start that hold these letters.
    fn spoken(&self, letters: &[u8]) -> f64 {
        let start = self.endings.partition_point(|end| end.as_slice() < letters);
        let rest = self.endings.get(start..).unwrap_or_default();
        let count = rest.partition_point(|end| end.starts_with(letters));
        let sum = |place: usize| self.sums.get(place).copied().unwrap_or_default();
        f64::from(sum(start + count) - sum(start))
    }
}

/// The share by the chain of bytes alone: enough for a few bytes.
fn spelled(literal: &[u8]) -> f64 {
    let [first, ..] = literal else { return 1.0 };
    let start = CHAIN.alone[usize::from(kind(*first))] / members(*first);
    literal.iter().zip(literal.iter().skip(1)).fold(start, |share, (byte, next)| {
        let (row, column) = (usize::from(kind(*byte)), usize::from(kind(*next)));
        share * CHAIN.pairs[row][column] / CHAIN.alone[row] / members(*next)
    })
}

struct Chain {
    /// The share of each pair of kinds among all pairs.
    pairs: [[f64; KINDS]; KINDS],
    /// The share of each kind.
    alone: [f64; KINDS],
}

static CHAIN: LazyLock<Chain> = LazyLock::new(|| {
    let pairs = PAIRS.map(|row| row.map(|step| f64::from(step - b'0') * -0.5).map(f64::exp2));
    Chain { pairs, alone: pairs.map(|row| row.iter().sum()) }
});

fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => byte - b'a',
        b'A'..=b'Z' => byte - b'A',
        b'0'..=b'9' => DIGIT,
        128.. => BEYOND,
        _ => (MARK..).zip(MARKS).find(|(_, mark)| mark.contains(&byte)).map_or(OTHER, |(k, _)| k),
    }
}

/// How many bytes share a kind, about evenly.
fn members(byte: u8) -> f64 {
    match kind(byte) {
        DIGIT => 10.0,
        OTHER => 16.0,
        BEYOND => 64.0,
        mark @ MARK.. => MARKS.get(usize::from(mark - MARK)).map_or(1.0, |mark| mark.len() as f64),
        _ => 1.0,
    }
}

/// The share of each pair of kinds, as half steps of a power of one half from the character `0` on.
const PAIRS: [&[u8; KINDS]; KINDS] = [
    br"JCBBKGDJCRF?B?QCP?@>CFGGDLIBKHKKLMKIUKKMW",
    br"ENHOBNMUDIUCNQDOSGILCNWVDVIGRDNOMKMIXJNO\",
    br"ANFKAFQACWCEJP?KPCFBEPPPIVIFNILGHHIHPJKK[",
    br"DKME?LJMBQMHIMCOSGEKGLPPHVI?FFHIELFDPFLKX",
    br"AGA@DCEJGLLAB>KCE=>@KDEBGNH=CCEFCGECLBIHU",
    br"CPLOCEGWBWVFJFBSYDIHEWTSKVGBKGHKJMIGSHLM\",
    br"IPNQAQKGCZNILGENSFFJGSQUPSPBIGJKGFIGPFNL[",
    br"AJPM>SUNBUOOIOCPVGIBDUR[KSLBKKLKHOKHPHMN\",
    br"DDADCCDSLPHAB=@EOE@?QDVFTDJIQLOLKKMKYLRQ\",
    br"MTSVHXXSKWPUWMKUXXIYLSSWWVSTZUVV\WXR\T\VZ",
    br"HOOOCOOTFVRNNJNSTQHNNRRXPXQFOLLLJNKJ\HOP\",
    br"BMJD?DLP@UP@NLAIUKCDDKLMCWOBHIKJGFJGOHKKV",
    br"AGMI@PLSCVUFGNDBVMGJDNTUKXKEMJMJFDJHSJKM\",
    br"BLA@AG@NCRGGJGBHTLA?EFJRGPH?HGJGGKIDRFJJU",
    br"IFBCHCGQGLFD@>ECV>DCBECIPTOAIHMHGHJIQIPPZ",
    br"AQMKAQOHF\NBOPCEPBCCCOSVIWNGNKNKIMHIUHNNZ",
    br"UXQUTUVWXZZJYSWUSOTXE[QXVYTQURNZOVQNZNSI\",
    br"@IEE=HCMAUGHEC@KVCACBHJUCVN@HGHJGKGEREIJV",
    br"EMEK>MPCASIHHKDEJHC>CJLRFSK>DBFHEDCDOELJS",
    br"@LEF>FM=?TOGHM?CX@BBBKINCMJ>GEHDCIFCPCHHV",
    br"GCEICFGWDXUBDBLDWAAAPOSKUKFGQQQPOSQMXOVR\",
    br"CSMR@SKUEXXTMWJTUUORRUQMRUGLUMOINNMMWMOP\",
    br"DUSOFVQDBZTMSGFRWFGKWVLQSVPFOMONIROJYHQQ\",
    br"EPJPGMUNITWRMSMGXPPEKTROPUEGPLNKJOKJVJMPX",
    br"MLPQJNMOJUSJJGFDUMFFNMLUSPMAGHIKGLJGSHMNW",
    br"KTUQDVTSLZVTRZKTYXRWSVZUNKQNVSXTOQSNYPQU\",
    br"JIJJJJQRPSRRPPSJUQOPPQSFTT=DEABEFIJCXBJGS",
    br">@?BA?DC?IHBAB@AKA?=BCALFKB8NHVDJBO=?>HAL",
    br"FJIGIHMJHRMIHFIFUFHHHFHRQRN<?V\DQE\HPBMBS",
    br"HJCIIKIHFNOIGJHIQEGGILKPOPADAFKYUMXJPKVM\",
    br"ZY[YZV\\U\\[XWYV\YSXXTZ\\\D@AY\T\\\S\SZS\",
    br"HIGGIGKKIRQFILKJQFGIIJLQUMECOU\B[\VOUTGO[",
    br"FFEFEGJJFLLGGHGFOGDGGHHORPHLUTO\L\SQ\NNNX",
    br"HHEGJJDJHKPGILMFSEGHKKKPSQEBFO\VR?WKYMSGY",
    br"IIJIIHMMIRSMKHLJTIIGLMLTSOMAGU\TNCAO\JKJZ",
    br"DFDEEFJFFKNHGFHFOECDHJEKRNDAAEBJLJCDPBLFR",
    br"RRRRUPVP[Y\VRTPT\RRSTXVY\\M?O[\X\S\KHRHR\",
    br"FGFEGHMEHOMHJJKHSIGFHJLQQTEB>DDQMQEAT?L@T",
    br"LLOMPPSLMRPQPPONVNJJKQUYZZPDIRKSQMMGMHJK\",
    br"JHIKLKMPLQOLGJNKQIGKLNOJSTD@BLNMPJMGMBQBQ",
    br"XY\YVYZYX\\WZVU\\WQUYVV\ZYULQY\\YX\Q\SZTE",
];

/// Common words, by the bits of their share: one of 8 bits starts at every 256th byte.
const WORDS: [(f32, &str); 8] = [
    (8.0, "the"),
    (9.0, "to"),
    (10.0, "of is in rs and com for github https rust self this version with"),
    (
        11.0,
        "as be by if it fn on or an all are cargo default dependencies error false features from let mut name new not path \
         pull std test that true type use value warn will",
    ),
    (
        12.0,
        "no io add any assert buf build bytes can cfg core crate crates data dev docs example \
         examples feature file function get html impl into lang len license method more must \
         only org package pub result returns see set size some str string target tests toml \
         trait used utf when which win you",
    ),
    (
        13.0,
        "at do we added alloc allow also apache arbitrary arg array automatically axum base bench bit \
         bits block box buffer but byte changed check clone code compare const create current \
         debug decode derive description different doc documentation does empty err errors \
         files first fix fixed fmt format generated getrandom given group has hash have http \
         implementation index inline input instead iter iterator its json key level lib libc \
         like linux macro map match matches may memory metadata mit next non none note now \
         number object one option optional original other out output panics parse ptr random \
         read readme ref reference regex registry release required return same schema serde \
         should slice src state stream struct support system table tag than then there time \
         tokio try types unsafe unwrap using usize values vec versions was where windows \
         without write",
    ),
    (
        14.0,
        "did access additional after allocator alphabet always anchored api arc arch args argument \
         arguments ascii async authors autobenches autobins autoexamples autolib autotests \
         available aware aws badge bail basic because been before behavior benches bitflags \
         bitvec blocks body bool both bound breaking bug builder call capacity case categories \
         change changelog changes channel clap clippy color combine command comment commit \
         compatibility compiler confidence contains contents context convert copy count crc \
         creates custom date definitions deny dep deserialize dir display each edition educe \
         either element elements else enabled encode encoded encoding end engine ensure entity \
         entry enum env environment expected field find flag flags foo fuel full functions \
         future futures fuzz generate handle hashbrown hasher hashmap hashset haystack help how \
         href icu img implement include information inner insert integer internal invalid \
         issues item items jiff just keywords kind last layout length library likely limit line \
         link lints local log look macros main make max maximal message meta methods missing \
         mod module much names need net nonce normalize null num offset order orig otherwise \
         over padding panic parser parsing pathbuf place point pointer position possible prefix \
         priority project properties provided push rand range raw reader reading reasonable \
         remaining remove removed replace repository request requires rest returned rewrite rfc \
         run rustc rustcrypto safety search security send since single source stack standard \
         start static storage such supported svg sync sys targets text their these they thread \
         traits two underlying unicode unknown unstable update uploading url usage uses util \
         valid very via wasm whether while width work would your zero",
    ),
    (
        15.0,
        "about above action ahocorasick allocation allows another anstyle append arrayvec \
         atomic attribute back bar based being bindgen borsh bounds bump burntsushi called \
         caller calling calls camino cannot chacha character client cmp compile config could \
         created criterion currently darling datetime dependency deprecated details devices \
         digest directly directory don draft drop dyn effects enable endian enough event \
         eventtarget expr expression extension extern extra failed fields following generic \
         gets gnu header here hint host iana ident indexmap init instance itertools jni large \
         list lock long longer lower many marwes minimum mode most msrv multiple native never \
         node old once operation options parallel partialeq pattern patterns performance \
         platform policy poll poly pos pre print println process provides response returning \
         rng root router runtime rustls safe section serialize server shields simd small span \
         specific specified split sqlx status still style take task them under unix unless \
         unused uri user utils variant want warning way what zone",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_honest_texts_are_made_of_is_frequent_and_what_tokens_begin_with_is_rare() {
        let order: [&[u8]; 6] = [b" ", b"the", b"http", b"message", b"ignore", b"xoxb-"];
        let shares = order.map(frequency);
        assert!(shares.is_sorted_by(|more, less| more > less), "{shares:?}");
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)), "{shares:?}");
    }

    #[test]
    fn the_shares_of_all_pairs_add_up_to_one() {
        let sum: f64 = CHAIN.alone.iter().sum();
        assert!((0.8..1.2).contains(&sum), "{sum}");
    }

    #[test]
    fn a_longer_literal_is_never_more_frequent() {
        assert!(frequency(b"instruct") < frequency(b"instruc"));
        assert!(frequency("忽略之前".as_bytes()) < frequency("忽略".as_bytes()));
    }
}
