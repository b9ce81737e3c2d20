//! JSON's numbers compared by their mathematical value, and divided as the decimals they are
//! written as.
//!
//! A number has two forms here, for two questions: [`Exact`] for which of two is greater, [`Decimal`]
//! for whether one divides another. Binary fractions answer the second wrongly: 0.3 is no multiple of
//! 0.1 as an `f64`.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Number;

/// A number without loss. Whole ones are integers however they were written, so 1.0 is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Exact {
    /// Without a fraction, and below 2^126 if it was written as an `f64`.
    Whole(i128),
    /// With a fraction, or too large for the other.
    Real(f64),
}

impl Exact {
    /// The value of a JSON number. Every integer of JSON that `serde_json` keeps fits in 128 bits.
    pub(super) fn of(number: &Number) -> Self {
        if let Some(whole) = number.as_i128() {
            return Self::Whole(whole);
        }
        let real = number.as_f64().unwrap_or(f64::NAN);
        // Every whole `f64` of less than 2^126 fits.
        if real.fract() == 0.0 && real.abs() < 2_f64.powi(126) {
            Self::Whole(real as i128)
        } else {
            Self::Real(real)
        }
    }

    /// Whether JSON Schema takes it as an integer (Validation, section 6.1.1).
    pub(super) fn is_whole(self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Real(real) => real.fract() == 0.0,
        }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Self::Whole(one), Self::Whole(two)) => Some(one.cmp(&two)),
            (Self::Real(one), Self::Real(two)) => one.partial_cmp(&two),
            (Self::Whole(whole), Self::Real(real)) => Some(whole_to_real(whole, real)),
            (Self::Real(real), Self::Whole(whole)) => Some(whole_to_real(whole, real).reverse()),
        }
    }
}

/// The cast saturates, so that beyond the range of whole numbers it still tells the order.
fn whole_to_real(whole: i128, real: f64) -> Ordering {
    // They are never equal: `real` has a fraction, or is larger than all of the others.
    if whole <= real.floor() as i128 { Ordering::Less } else { Ordering::Greater }
}

impl fmt::Display for Exact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(formatter),
            Self::Real(real) if real.abs() >= 1e21 || real.abs() < 1e-6 => {
                write!(formatter, "{real:e}")
            }
            Self::Real(real) => real.fmt(formatter),
        }
    }
}

/// A number as it is written: `digits` times ten to the power of `exponent`, without its sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    digits: u64,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that means this number, which is the one it was written as.
    pub(super) fn of(number: &Number) -> Self {
        if let Some(digits) = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)) {
            return Self { digits, exponent: 0 };
        }
        let text = format!("{:e}", number.as_f64().unwrap_or(f64::NAN).abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        // At most 17 digits, which fit; the exponent of an `f64` does too.
        let digits = mantissa.bytes().filter(u8::is_ascii_digit);
        let digits = digits.fold(0, |digits, digit| digits * 10 + u64::from(digit - b'0'));
        let exponent = exponent.parse::<i32>().unwrap_or(0);
        Self { digits, exponent: exponent - i32::try_from(fraction).unwrap_or(0) }
    }

    /// Whether this is a whole number of `unit`s, exactly.
    pub(super) fn is_multiple_of(self, unit: Self) -> bool {
        let (digits, unit_digits) = (u128::from(self.digits), u128::from(unit.digits));
        // No unit of a compiled schema is 0; here it would divide by zero.
        if unit_digits == 0 {
            return false;
        }
        let shift = self.exponent - unit.exponent;
        if shift >= 0 {
            // Both factors have at most 64 bits; the power itself may have hundreds of digits.
            let scaled = digits * power_of_ten(shift.unsigned_abs(), unit_digits);
            return scaled.is_multiple_of(unit_digits);
        }
        // More than 20 digits later the unit is larger than the number.
        let scale = 10_u128.checked_pow(shift.unsigned_abs());
        match scale.and_then(|scale| unit_digits.checked_mul(scale)) {
            Some(unit) => digits.is_multiple_of(unit),
            None => digits == 0,
        }
    }
}

/// Ten to the power of `exponent`, modulo a `modulus` of at most 64 bits.
fn power_of_ten(exponent: u32, modulus: u128) -> u128 {
    (0..exponent).fold(1 % modulus, |power, _| power * 10 % modulus)
}
