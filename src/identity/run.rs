//! A run's name, as a caller or a token states it.

/// Characters of a run's name.
const LENGTH_MAX: usize = 128;

/// `text` if it can name a run: 1 to 128 letters, digits and `-_.:`. Nothing that could break a
/// log line or imitate another name.
pub(super) fn parse(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let fits = !text.is_empty() && text.len() <= LENGTH_MAX && text.bytes().all(allowed);
    fits.then(|| text.to_owned())
}
