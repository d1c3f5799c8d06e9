//! Numbers that authorities, networks or standards publish as examples, or that follow from their
//! rules; none belongs to a person.

use super::*;

/// Each passes; nothing at all does not.
#[track_caller]
fn accepts(check: Validate, samples: &[&str]) {
    for sample in samples {
        assert!(check.accepts(sample), "{check:?}: {sample}");
    }
    assert!(!check.accepts(""), "{check:?}: nothing");
}

/// Each fails, most of them by one digit.
#[track_caller]
fn refuses(check: Validate, samples: &[&str]) {
    for sample in samples {
        assert!(!check.accepts(sample), "{check:?}: {sample}");
    }
}

/// How many of the numbers that differ from the sample in one digit pass as well.
fn neighbours(check: Validate, sample: &str) -> usize {
    let others = sample.char_indices().filter(|(_, c)| c.is_ascii_digit()).flat_map(|(at, was)| {
        ('0'..='9').filter(move |digit| *digit != was).map(move |digit| {
            let mut other = sample.to_owned();
            other.replace_range(at..=at, digit.encode_utf8(&mut [0; 4]));
            other
        })
    });
    others.filter(|other| check.accepts(other)).count()
}

#[test]
fn luhn_takes_the_check_digit_and_nothing_else() {
    accepts(Validate::Luhn, &["4111 1111 1111 1111", "3782-822463-10005"]);
    refuses(Validate::Luhn, &["4111 1111 1111 1112", "0000000000000000", "18"]);
    assert_eq!(neighbours(Validate::Luhn, "4111111111111111"), 0);
}

#[test]
fn a_payment_card_has_its_network_s_first_digits_and_length() {
    // Numbers for tests, as payment processors publish them.
    let cards = [
        "4242424242424242",
        "5555 5555 5555 4444",
        "2223-0031-2200-3222",
        "378282246310005",
        "6011111111111117",
        "3056 9309 0259 04",
        "3566002020360505",
        "6200000000000005",
    ];
    accepts(Validate::PaymentCard, &cards);
    // All satisfy Luhn.
    refuses(Validate::PaymentCard, &["1234567812345670", "42424242424242", "9999999999999995"]);
}

#[test]
fn mod97_takes_the_published_examples_of_iban() {
    // SWIFT, IBAN Registry.
    let registry = ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO93 8601 1117 947"];
    for check in [Validate::Mod97, Validate::Iban] {
        accepts(check, &registry);
        refuses(check, &["DE89370400440532013001", "DE8"]);
    }
    // No country has this length or this code; 01 is never given out.
    let other =
        ["DE08 3704 0044 0532 0130", "ZZ75 3704 0044 0532 0130 00", "DE01000000000000000048"];
    refuses(Validate::Iban, &other);
    assert_eq!(neighbours(Validate::Iban, "DE89370400440532013000"), 0);
}

#[test]
fn the_checksum_of_a_token_covers_what_stands_between_prefix_and_checksum() {
    // The check value that catalogues of CRCs give for CRC-32: cbf43926 over these digits.
    let mut number = 0;
    for byte in checksum_of(b"123456789") {
        let rank = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            _ => byte - b'a' + 36,
        };
        number = number * 62 + u64::from(rank);
    }
    assert_eq!(number, 0xCBF4_3926);
    // A token that a generator of such tokens publishes, in two parts.
    let token = ["ghp", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"].join("_");
    accepts(Validate::Crc32Base62, &[&token]);
    refuses(Validate::Crc32Base62, &[&token.replace("zQ", "zR"), "ghp_", "ghp_0mLq17"]);
}

#[test]
fn a_json_web_token_has_a_header_that_names_its_algorithm() {
    // {"alg":"HS256"}, {"typ":"JWT"}, a text that is no JSON, and no base64.
    accepts(Validate::JsonWebToken, &["eyJhbGciOiJIUzI1NiJ9.e30.c2ln"]);
    refuses(
        Validate::JsonWebToken,
        &["eyJ0eXAiOiJKV1QifQ.e30.c2ln", "aGVsbG8.e30.c2ln", "e.e30.c2ln"],
    );
}

#[test]
fn base64_of_a_json_object_is_told_from_other_base64() {
    accepts(Validate::Base64Json, &["eyJrIjoidiJ9", "eyJrIjoiPz8/In0=", "eyJrIjoiPz8_In0"]);
    refuses(Validate::Base64Json, &["eyJrIjoidiJ", "WzFd", "aGVsbG8"]);
}

#[test]
fn numbers_of_central_and_western_europe_pass_with_their_check_digit() {
    for (check, sample) in [
        (Validate::DeTaxId, "86 095 742 719"),
        (Validate::PtTaxId, "123 456 789"),
        (Validate::NlCitizen, "1112.22.333"),
        (Validate::PlPesel, "44051401359"),
        (Validate::ChSocialSecurity, "756.9217.0769.85"),
        (Validate::AtSocialSecurity, "1237 010180"),
        (Validate::UkHealth, "943 476 5919"),
        (Validate::EsIdentity, "12345678-Z"),
        (Validate::EsIdentity, "X1234567L"),
    ] {
        accepts(check, &[sample]);
        assert_eq!(neighbours(check, sample), 0, "{check:?}: {sample}");
    }
    accepts(Validate::FrSocialSecurity, &["2 55 08 14 168 025 38", "1 84 12 2A 451 089 33"]);
    refuses(Validate::FrSocialSecurity, &["2 55 08 14 168 025 39", "1 84 12 2A 451 089 46"]);
    accepts(Validate::BeNational, &["85.07.30-033.28", "17.07.30-033.84"]);
    refuses(Validate::BeNational, &["85.07.30-033.29", "85.07.39-033.28"]);
    accepts(Validate::ItFiscalCode, &["RSSMRA85T10A562S", "mrtmtt25d09f205z"]);
    refuses(Validate::ItFiscalCode, &["RSSMRA85T10A562T", "RSSMRA85T10A562"]);
    accepts(Validate::UkNationalInsurance, &["AB 12 34 56 C"]);
    refuses(
        Validate::UkNationalInsurance,
        &["QQ 12 34 56 C", "BG123456A", "AO123456A", "AB123456E"],
    );
}

#[test]
fn nordic_numbers_need_a_birthday() {
    accepts(Validate::SePersonal, &["811228-9874", "19811228-9874", "701063-2391"]);
    refuses(Validate::SePersonal, &["811228-9873", "811328-9873"]);
    accepts(Validate::FiPersonal, &["131052-308T"]);
    refuses(Validate::FiPersonal, &["131052-308U", "321052-308T"]);
    accepts(Validate::DkPersonal, &["070761-4285"]);
    refuses(Validate::DkPersonal, &["071361-4285", "320761-4285"]);
    accepts(Validate::NoBirth, &["01129955151"]);
    refuses(Validate::NoBirth, &["01129955152", "01139955151"]);
}

#[test]
fn american_numbers_pass_with_their_check_digit_or_range() {
    for (check, sample) in [
        (Validate::BrCpf, "111.444.777-35"),
        (Validate::BrCnpj, "11.222.333/0001-81"),
        (Validate::BrCnpj, "12.ABC.345/01DE-35"),
        (Validate::CaSocialInsurance, "146 454 285"),
        (Validate::UsRouting, "011000015"),
    ] {
        accepts(check, &[sample]);
        assert_eq!(neighbours(check, sample), 0, "{check:?}: {sample}");
    }
    accepts(Validate::UsSocialSecurity, &["219-09-9999", "078-05-1120"]);
    let never = ["000-12-3456", "666-12-3456", "900-12-3456", "219-00-9999", "219-09-0000"];
    refuses(Validate::UsSocialSecurity, &never);
    accepts(Validate::MxCurp, &["HEGG560427MVZRRL04", "BOXW310820HNERXN09"]);
    refuses(Validate::MxCurp, &["HEGG560427MVZRRL05", "HEGG561327MVZRRL04"]);
    refuses(Validate::BrCpf, &["111.111.111-11"]);
}

#[test]
fn asian_and_southern_numbers_pass_with_their_check_digit() {
    for (check, sample) in [
        (Validate::InAadhaar, "9999 4105 7058"),
        (Validate::JpIndividual, "1234 5678 9018"),
        (Validate::CnResident, "11010519491231002X"),
        (Validate::TrIdentity, "10000000146"),
        (Validate::AuTaxFile, "123 456 782"),
        (Validate::ZaIdentity, "800101 5009 087"),
    ] {
        accepts(check, &[sample]);
        assert_eq!(neighbours(check, sample), 0, "{check:?}: {sample}");
    }
    accepts(Validate::AuMedicare, &["2123 45670 1"]);
    refuses(Validate::AuMedicare, &["2123 45671 1", "7123 45670 1", "2123 45670 0"]);
    accepts(Validate::KrResident, &["900101-1234568"]);
    refuses(Validate::KrResident, &["901301-1234568", "900101-9234568"]);
}

#[test]
fn entropy_is_zero_for_one_letter_and_two_bits_for_four() {
    assert!(entropy("aaaa").abs() < 1e-9);
    assert!((entropy("abcd") - 2.0).abs() < 1e-9);
    assert!(entropy("").abs() < 1e-9);
}
