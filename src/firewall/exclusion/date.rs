//! Days of the calendar, as exclusions name them.

use std::fmt;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Days since 1 January 1970.
    days: i64,
}

impl Date {
    /// The day of a time in milliseconds since 1970 UTC.
    pub fn of_ms(ms: i64) -> Self {
        Self { days: ms.div_euclid(DAY_MS) }
    }

    /// So many days later.
    #[must_use]
    pub fn after(self, days: u32) -> Self {
        Self { days: self.days + i64::from(days) }
    }

    /// The date of a TOML value without a time.
    pub fn of_toml(value: &toml::value::Datetime) -> Option<Self> {
        let date = value.date.filter(|_| value.time.is_none())?;
        let before: i64 = (1970..i64::from(date.year)).map(year_days).sum();
        if date.year < 1970 {
            return None;
        }
        let months = (1..date.month).map(|month| month_days(i64::from(date.year), month));
        Some(Self { days: before + months.sum::<i64>() + i64::from(date.day) - 1 })
    }

    /// The first millisecond since 1970 UTC after this day.
    pub fn end_ms(self) -> i64 {
        (self.days + 1).saturating_mul(DAY_MS)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut year, mut left) = (1970, self.days.max(0));
        while left >= year_days(year) {
            left -= year_days(year);
            year += 1;
        }
        let mut month = 1;
        while left >= month_days(year, month) {
            left -= month_days(year, month);
            month += 1;
        }
        write!(formatter, "{year:04}-{month:02}-{:02}", left + 1)
    }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn year_days(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn month_days(year: i64, month: u8) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
