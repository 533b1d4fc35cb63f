//! Scales, rounding and division of exact decimals.

#![allow(clippy::unwrap_used)]

use super::Decimal;

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

#[test]
fn keeps_the_scales_of_the_server() {
    assert_eq!(d("12.5").multiply(d("4")).unwrap().to_string(), "50.0");
    assert_eq!(d("10").divide(d("3")).unwrap().unwrap().to_string(), "3.3333");
    let chained = d("100")
        .divide(d("30"))
        .unwrap()
        .unwrap()
        .multiply(d("3"))
        .unwrap();
    assert_eq!(chained.divide(d("7")).unwrap().unwrap().to_string(), "1.42857143");
    assert_eq!(d("-2.5").round(0).unwrap().to_string(), "-3");
    assert_eq!(d("-0.05").round(1).unwrap().to_string(), "-0.1");
    assert_eq!(d("155").round(-1).unwrap().to_string(), "160");
    assert_eq!(d("2.345").truncate(2).unwrap().to_string(), "2.34");
}

#[test]
fn gives_up_fraction_digits_before_it_gives_up() {
    let big = d("99999999999999999999.999999999");
    assert!(big.multiply(big).is_none());
    assert!(big.add(d("0.0000000000000000000000000001")).is_some());
    assert_eq!(d("1").divide(d("0")).unwrap().map(|d| d.to_string()), None);
}
