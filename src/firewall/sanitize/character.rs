//! Classes of characters that matter to what a person sees.
//!
//! Ranges are from the Unicode character database (Unicode 17), widened to blocks where a block
//! is the honest boundary: a joiner after an unassigned Indic code point does no harm.

use std::cmp::Ordering;

/// Pictographs and symbols that may carry an emoji presentation.
pub(in crate::firewall) fn is_emoji_base(c: char) -> bool {
    within(c, EMOJI)
}

/// Ideographs that may carry an ideographic variation (UTS 37).
pub(in crate::firewall) fn is_ideograph(c: char) -> bool {
    within(c, IDEOGRAPHS)
}

/// Characters with standardised variants for U+FE00 to U+FE02 that are no ideographs.
pub(super) fn has_variants(c: char) -> bool {
    within(c, VARIANT_BASES)
}

/// Scripts in which U+200C and U+200D shape letters.
pub(super) fn is_joining(c: char) -> bool {
    within(c, JOINING)
}

/// Scripts that break lines at U+200B instead of at spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    within(c, UNSPACED)
}

/// Mongolian letters, which have selectors of their own.
pub(super) fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{18AA}')
}

/// U+FE00 to U+FE0F and U+E0100 to U+E01EF.
pub(in crate::firewall) fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Plane 14 characters that spell ASCII without being seen, and the rest of their block.
pub(in crate::firewall) fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

/// Characters that are not seen where they stand, save controls: default-ignorable code points
/// and the interlinear annotations.
pub(in crate::firewall) fn is_invisible(c: char) -> bool {
    c >= '\u{AD}' && within(c, INVISIBLE)
}

fn within(c: char, ranges: &[(char, char)]) -> bool {
    let place = |(first, last): &(char, char)| match (c < *first, c > *last) {
        (true, _) => Ordering::Greater,
        (_, true) => Ordering::Less,
        _ => Ordering::Equal,
    };
    ranges.binary_search_by(place).is_ok()
}

const EMOJI: &[(char, char)] = &[
    ('#', '#'),
    ('*', '*'),
    ('0', '9'),
    ('\u{A9}', '\u{A9}'),
    ('\u{AE}', '\u{AE}'),
    ('\u{203C}', '\u{203C}'),
    ('\u{2049}', '\u{2049}'),
    ('\u{2122}', '\u{2122}'),
    ('\u{2139}', '\u{2139}'),
    ('\u{2190}', '\u{21FF}'),
    ('\u{2300}', '\u{23FF}'),
    ('\u{24C2}', '\u{24C2}'),
    ('\u{25A0}', '\u{27BF}'),
    ('\u{2900}', '\u{297F}'),
    ('\u{2B00}', '\u{2BFF}'),
    ('\u{3030}', '\u{3030}'),
    ('\u{303D}', '\u{303D}'),
    ('\u{3297}', '\u{3297}'),
    ('\u{3299}', '\u{3299}'),
    ('\u{1F000}', '\u{1FAFF}'),
];

const IDEOGRAPHS: &[(char, char)] = &[
    ('\u{3007}', '\u{3007}'),
    ('\u{3400}', '\u{4DBF}'),
    ('\u{4E00}', '\u{9FFF}'),
    ('\u{F900}', '\u{FAFF}'),
    ('\u{20000}', '\u{3FFFF}'),
];

const VARIANT_BASES: &[(char, char)] = &[
    ('\u{1000}', '\u{109F}'),
    ('\u{2018}', '\u{201D}'),
    ('\u{2200}', '\u{22FF}'),
    ('\u{2A00}', '\u{2AFF}'),
    ('\u{3001}', '\u{3002}'),
    ('\u{FF01}', '\u{FF01}'),
    ('\u{FF0C}', '\u{FF0C}'),
    ('\u{FF0E}', '\u{FF0E}'),
    ('\u{FF1A}', '\u{FF1B}'),
    ('\u{FF1F}', '\u{FF1F}'),
];

const JOINING: &[(char, char)] = &[
    ('\u{600}', '\u{8FF}'),
    ('\u{900}', '\u{DFF}'),
    ('\u{F00}', '\u{109F}'),
    ('\u{1780}', '\u{18AF}'),
    ('\u{1B00}', '\u{1C4F}'),
    ('\u{1CD0}', '\u{1CFF}'),
    ('\u{A840}', '\u{A8FF}'),
    ('\u{A980}', '\u{A9FF}'),
    ('\u{AA60}', '\u{AAFF}'),
    ('\u{ABC0}', '\u{ABFF}'),
    ('\u{FB50}', '\u{FDFF}'),
    ('\u{FE70}', '\u{FEFC}'),
    ('\u{10A00}', '\u{10A5F}'),
    ('\u{10D00}', '\u{10D3F}'),
    ('\u{11000}', '\u{11FFF}'),
    ('\u{1E900}', '\u{1E95F}'),
];

const UNSPACED: &[(char, char)] =
    &[('\u{E00}', '\u{EFF}'), ('\u{1000}', '\u{109F}'), ('\u{1780}', '\u{17FF}')];

const INVISIBLE: &[(char, char)] = &[
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFB}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];
