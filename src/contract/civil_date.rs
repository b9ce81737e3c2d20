//! Dates in the Gregorian calendar.

/// Year, month and day of a count of days since 1970-01-01 in the Gregorian calendar.
pub(crate) fn civil_date(days: u64) -> (u64, u64, u64) {
    // Years are counted from March, so that the leap day is the last of its year; an era is 400
    // years, after which the calendar repeats. Day 0 of era 0 is the first of March of year 0.
    /// From day 0 to 1970-01-01.
    const DAYS_FROM_YEAR_0: u64 = 719_468;
    /// The days of 400 years.
    const DAYS_PER_ERA: u64 = 146_097;
    let days = days + DAYS_FROM_YEAR_0;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}
