//! Canonical JSON against the vectors of RFC 8785, and digests.

use proptest::prelude::*;
use seatrial_domain::canonical::{CanonicalError, canonical_bytes, parse_strict};
use seatrial_domain::digest::Digest;
use serde_json::{Value, json};

fn canonical(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("JSON");
    String::from_utf8(canonical_bytes(&value).expect("canonical")).expect("UTF-8")
}

#[test]
fn the_example_of_the_standard() {
    let text = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(canonical(text), expected);
}

#[test]
fn keys_sort_by_utf16_units() {
    let text = r#"{"\u20ac":"Euro","\r":"CR","\ufb33":"Dalet","1":"One","\ud83d\ude00":"Smile","\u0080":"Control","\u00f6":"O"}"#;
    let order: Vec<usize> = ["CR", "One", "Control", "\"O\"", "Euro", "Smile", "Dalet"]
        .map(|v| canonical(text).find(v).expect("there"))
        .into();
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn numbers_are_written_as_ecmascript_does() {
    let cases: [(f64, &str); 14] = [
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-f64::MAX, "-1.7976931348623157e+308"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (295_147_905_179_352_830_000.0, "295147905179352830000"),
        (999_999_999_999_999_700_000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (9.999_999_999_999_997e22, "9.999999999999997e+22"),
        (333_333_333.333_333_25, "333333333.33333325"),
        (0.000_001, "0.000001"),
        (0.000_000_1, "1e-7"),
        (-0.000_003_333_333_333_333_333_3, "-0.0000033333333333333333"),
        (1_424_953_923_781_206.2, "1424953923781206.2"),
    ];
    for (float, expected) in cases {
        assert_eq!(canonical_bytes(&json!(float)).expect("finite"), expected.as_bytes());
    }
}

#[test]
fn what_readers_would_round_is_refused() {
    let largest = (1_u64 << 53) - 1;
    assert!(canonical_bytes(&json!(largest)).is_ok());
    assert!(matches!(canonical_bytes(&json!(largest + 2)), Err(CanonicalError::Integer(_))));
    assert!(matches!(canonical_bytes(&json!(i64::MIN)), Err(CanonicalError::Integer(_))));
}

#[test]
fn a_repeated_key_is_refused() {
    let error = parse_strict(br#"{"a":{"verdict":"hold","verdict":"ship"}}"#).expect_err("twice");
    assert!(error.to_string().contains("`verdict` occurs twice"), "{error}");
    assert!(parse_strict(br#"{"a":[1,-2,3.5,null,true,"x"]}"#).is_ok());
    assert!(parse_strict(b"{").is_err());
}

#[test]
fn digests_are_read_strictly() {
    let digest = Digest::of(b"");
    let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse::<Digest>(), Ok(digest));
    for wrong in ["", "sha256:", &text.to_uppercase(), &text[..70], &text.replace("sha256", "md5")] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000_000_000_i64..1_000_000_000_000).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn reading_and_writing_again_changes_nothing(document in documents()) {
        let once = canonical_bytes(&document).expect("exact");
        let again = canonical_bytes(&parse_strict(&once).expect("JSON")).expect("exact");
        prop_assert_eq!(once, again);
    }
}
