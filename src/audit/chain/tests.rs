use super::*;

const PAYLOAD: &[u8] = br#"{"time":1,"text":"a \" b"}"#;

fn line() -> Vec<u8> {
    let mut line = Vec::new();
    Seal::over(Sequence(42), Digest::genesis(), PAYLOAD).write_line(PAYLOAD, &mut line);
    line.pop();
    line
}

#[test]
fn a_line_gives_back_the_seal_and_the_exact_payload() {
    let line = line();
    let (seal, payload) = Seal::parse(&line).expect("the line is our own");
    assert_eq!((seal.sequence, seal.previous, payload), (Sequence(42), Digest::genesis(), PAYLOAD));
    assert!(seal.holds(payload));
}

#[test]
fn the_line_is_the_documented_json() {
    let value: serde_json::Value = serde_json::from_slice(&line()).expect("a line is JSON");
    assert_eq!(value["seal"]["v"], 1);
    assert_eq!(value["seal"]["seq"], 42);
    // Both computed with another program from the module's description.
    let genesis = "4c113f2007f096ca80a00f787a83ffff15839941fe4073186a255ce872a2fc07";
    let digest = "c9daf0463d05ad1b5e1a38bb6ebbf5f73f498ecc709a62eb70ee233419e96ae8";
    assert_eq!(value["seal"]["prev"], genesis);
    assert_eq!(value["seal"]["sha256"], digest);
    assert_eq!(value["payload"]["text"], "a \" b");
}

#[test]
fn a_line_spelt_otherwise_is_refused_even_if_it_means_the_same() {
    let line = String::from_utf8(line()).expect("a line is text");
    let (seal, _) = Seal::parse(line.as_bytes()).expect("the line is our own");
    let digest = seal.digest.to_string();
    let variants = [
        line.replace("\"seq\":42", "\"seq\":042"),
        line.replace("\"seq\":42", "\"seq\": 42"),
        line.replace("\"seq\":42", "\"seq\":0"),
        line.replace("\"seq\":42", "\"seq\":99999999999999999999"),
        line.replace("\"v\":1", "\"v\":2"),
        line.replace(&digest, &digest.to_uppercase()),
        line.replace("{\"seal\"", "{ \"seal\""),
        line.replace("\"payload\":{", "\"payload\":[{"),
        format!("{line} "),
        format!("{line}\r"),
        line.trim_end_matches('}').to_owned(),
        String::new(),
    ];
    for variant in variants {
        assert!(Seal::parse(variant.as_bytes()).is_err(), "{variant}");
    }
}

#[test]
fn the_longest_seal_fits_its_limit() {
    let mut line = Vec::new();
    Seal::over(Sequence(u64::MAX), Digest::genesis(), b"{}").write_line(b"{}", &mut line);
    assert!(line.len() - 2 <= SEAL_BYTES_MAX, "{}", line.len());
}

#[test]
fn a_digest_binds_place_and_predecessor() {
    let here = Seal::over(Sequence(1), Digest::genesis(), PAYLOAD);
    assert_ne!(here.digest, Seal::over(Sequence(2), Digest::genesis(), PAYLOAD).digest);
    assert_ne!(here.digest, Seal::over(Sequence(1), here.digest, PAYLOAD).digest);
}
