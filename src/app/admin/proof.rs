//! Whether a decision was made by a person who could prove it (settled: the agent must not be
//! able to approve itself).

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

use crate::{
    app::{Options, Purpose},
    config::file::Approver,
    hex,
};

/// What an approver signs: exactly what was decided, on exactly which call.
pub fn decision_text(kind: &str, id: &str, verb: &str, digest: &str) -> String {
    format!("bartizan {kind} v1\n{id}\n{verb}\n{digest}\n")
}

/// Checks a decision's signature.
///
/// `Ok(true)`: proven. `Ok(false)`: taken, yet no proof, because nobody is enrolled or the
/// gateway shares its user with the agent, who could have used the key.
///
/// # Errors
/// Approvers are enrolled, and this is not signed by the one it names.
pub(super) fn check(
    approvers: &[Approver],
    options: Options,
    by: &str,
    text: &str,
    signature: Option<&str>,
) -> Result<bool, String> {
    if approvers.is_empty() {
        return Ok(false);
    }
    let approver = approvers.iter().find(|approver| approver.name == by);
    let approver = approver.ok_or_else(|| format!("`{by}` is no enrolled approver"))?;
    let signature = signature.ok_or_else(|| {
        format!("decisions must be signed: add `--key FILE` with the key of `{by}`")
    })?;
    let (key, signature) = (hex::decode(&approver.public_key), hex::decode(signature));
    let good = match (key, signature) {
        (Some(key), Some(signature)) => {
            UnparsedPublicKey::new(&ED25519, key).verify(text.as_bytes(), &signature).is_ok()
        }
        _ => false,
    };
    if !good {
        return Err(format!("the signature is not one of `{by}` over this decision"));
    }
    Ok(options.purpose == Purpose::Serve && !options.development)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::{check, decision_text};
    use crate::{
        app::{Options, Purpose},
        config::file::Approver,
        hex,
    };

    #[test]
    fn only_the_enrolled_key_over_this_decision_counts() {
        let pair = Ed25519KeyPair::generate().expect("key");
        let public_key = hex::encode(pair.public_key().as_ref());
        let approvers = [Approver { name: "ana".into(), public_key }];
        let options = Options { purpose: Purpose::Serve, development: false };
        let text = decision_text("approval", "apr_1", "approve", "abc");
        let signature = hex::encode(pair.sign(text.as_bytes()).as_ref());
        let run = |by: &str, text: &str, signature: Option<&str>| {
            check(&approvers, options, by, text, signature)
        };
        assert_eq!(run("ana", &text, Some(&signature)), Ok(true));
        assert!(run("ana", &text, None).is_err());
        assert!(run("bob", &text, Some(&signature)).is_err());
        let other = decision_text("approval", "apr_2", "approve", "abc");
        assert!(run("ana", &other, Some(&signature)).is_err());
        assert!(run("ana", &text, Some("zz")).is_err());
        let local = Options { purpose: Purpose::Local, development: false };
        assert_eq!(check(&approvers, local, "ana", &text, Some(&signature)), Ok(false));
        assert_eq!(check(&[], options, "ana", &text, None), Ok(false));
    }
}
