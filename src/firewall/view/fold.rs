//! Letters of other scripts that look like Latin ones.
//!
//! A selection from the confusable pairs of UTS 39: sources outside ASCII whose prototype is one
//! ASCII letter, in the scripts that are found in disguised text.

/// The Latin letter that `c` looks like.
pub(in crate::firewall) fn fold(c: char) -> Option<char> {
    let place = FOLDS.binary_search_by_key(&c, |(from, _)| *from).ok()?;
    FOLDS.get(place).map(|(_, to)| *to)
}

/// Whether `c` belongs to a script from which letters are folded, so that marks on it may hide one.
pub(super) fn is_foldable_script(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{58F}' | '\u{1E00}'..='\u{1FFF}')
}

const FOLDS: &[(char, char)] = &[
    ('\u{131}', 'i'),
    ('\u{185}', 'b'),
    ('\u{251}', 'a'),
    ('\u{261}', 'g'),
    ('\u{269}', 'i'),
    ('\u{26A}', 'i'),
    ('\u{280}', 'r'),
    ('\u{28F}', 'y'),
    ('\u{391}', 'A'),
    ('\u{392}', 'B'),
    ('\u{395}', 'E'),
    ('\u{396}', 'Z'),
    ('\u{397}', 'H'),
    ('\u{399}', 'I'),
    ('\u{39A}', 'K'),
    ('\u{39C}', 'M'),
    ('\u{39D}', 'N'),
    ('\u{39F}', 'O'),
    ('\u{3A1}', 'P'),
    ('\u{3A4}', 'T'),
    ('\u{3A5}', 'Y'),
    ('\u{3A7}', 'X'),
    ('\u{3B1}', 'a'),
    ('\u{3B3}', 'y'),
    ('\u{3B9}', 'i'),
    ('\u{3BA}', 'k'),
    ('\u{3BD}', 'v'),
    ('\u{3BF}', 'o'),
    ('\u{3C1}', 'p'),
    ('\u{3C5}', 'u'),
    ('\u{3C7}', 'x'),
    ('\u{3F2}', 'c'),
    ('\u{3F3}', 'j'),
    ('\u{3F9}', 'C'),
    ('\u{405}', 'S'),
    ('\u{406}', 'I'),
    ('\u{407}', 'I'),
    ('\u{408}', 'J'),
    ('\u{410}', 'A'),
    ('\u{412}', 'B'),
    ('\u{415}', 'E'),
    ('\u{41A}', 'K'),
    ('\u{41C}', 'M'),
    ('\u{41D}', 'H'),
    ('\u{41E}', 'O'),
    ('\u{420}', 'P'),
    ('\u{421}', 'C'),
    ('\u{422}', 'T'),
    ('\u{423}', 'Y'),
    ('\u{425}', 'X'),
    ('\u{42C}', 'b'),
    ('\u{430}', 'a'),
    ('\u{432}', 'b'),
    ('\u{433}', 'r'),
    ('\u{435}', 'e'),
    ('\u{43A}', 'k'),
    ('\u{43C}', 'm'),
    ('\u{43D}', 'h'),
    ('\u{43E}', 'o'),
    ('\u{43F}', 'n'),
    ('\u{440}', 'p'),
    ('\u{441}', 'c'),
    ('\u{442}', 't'),
    ('\u{443}', 'y'),
    ('\u{445}', 'x'),
    ('\u{451}', 'e'),
    ('\u{455}', 's'),
    ('\u{456}', 'i'),
    ('\u{457}', 'i'),
    ('\u{458}', 'j'),
    ('\u{475}', 'v'),
    ('\u{4AE}', 'Y'),
    ('\u{4AF}', 'y'),
    ('\u{4BA}', 'H'),
    ('\u{4BB}', 'h'),
    ('\u{4C0}', 'l'),
    ('\u{4CF}', 'l'),
    ('\u{501}', 'd'),
    ('\u{51A}', 'Q'),
    ('\u{51B}', 'q'),
    ('\u{51C}', 'W'),
    ('\u{51D}', 'w'),
    ('\u{54F}', 'S'),
    ('\u{555}', 'O'),
    ('\u{561}', 'w'),
    ('\u{563}', 'q'),
    ('\u{570}', 'h'),
    ('\u{578}', 'n'),
    ('\u{57D}', 'u'),
    ('\u{585}', 'o'),
    ('\u{13A1}', 'R'),
    ('\u{13A2}', 'T'),
    ('\u{13B3}', 'W'),
    ('\u{13B7}', 'M'),
    ('\u{13DA}', 'S'),
    ('\u{13DF}', 'C'),
    ('\u{1D04}', 'c'),
    ('\u{1D0F}', 'o'),
    ('\u{1D1C}', 'u'),
    ('\u{1D20}', 'v'),
    ('\u{1D21}', 'w'),
    ('\u{1D22}', 'z'),
    ('\u{A4D0}', 'B'),
    ('\u{A4F3}', 'O'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_leads_to_ascii_letters() {
        assert!(FOLDS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(FOLDS.iter().all(|(from, to)| !from.is_ascii() && to.is_ascii_alphabetic()));
    }
}
