//! Ages as people write them.

use std::time::Duration;

/// `90s`, `30m`, `12h`, `7d` or `2w`.
///
/// # Errors
/// How to write it.
pub(in crate::cli) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number and one of s, m, h, d, w, such as `7d`".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_a_number_and_a_unit() {
        assert_eq!(age("90s").map(|it| it.as_secs()), Ok(90));
        assert_eq!(age("7d").map(|it| it.as_secs()), Ok(604_800));
        for wrong in ["", "7", "d", "7y", "-1d", "1.5h", "99999999999999999999w", "9é"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
