use super::*;
use crate::model::batch::BatchKey;
use crate::model::datum::DatumValue;
use crate::model::guarantee::Guarantee;
use crate::model::storage_resolution::StorageResolution::{High, Standard};
use proptest::prelude::*;
use std::time::UNIX_EPOCH;

const HALF_A_MINUTE: i64 = 30_000;

/// Of a full hour, at which any service's clock may be.
fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_749_999_600 + seconds)
}

fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}

fn at_ms(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(ms.unsigned_abs())
}

/// The service's time in an answer, and the exporter's before and after it.
fn told(shows: SystemTime, left_at: SystemTime, told_at: SystemTime) -> ServiceClock {
    ServiceClock {
        shows,
        left_at,
        told_at,
    }
}

impl ClockSkew {
    /// An answer at once.
    fn hear(&mut self, service: SystemTime, ours: SystemTime) {
        self.learn(told(service, ours, ours));
    }

    fn minute(&self, ours: u64) -> SystemTime {
        self.correction().of(at(ours), Standard, at(ours))
    }
}

#[test]
fn a_minute_is_tolerated_and_more_is_corrected() {
    let mut skew = ClockSkew::new(true, at(0));
    skew.hear(at(10_060), at(10_000));
    assert_eq!(skew.minute(600), at(600));
    skew.hear(at(13_661), at(10_000));
    // 3,661 s ahead, at the start of a minute.
    assert_eq!(skew.minute(600), at(4_260));
    let known = skew.correction();
    skew.hear(at(13_665), at(10_001));
    assert_eq!(skew.correction(), known);
    skew.hear(at(6_400), at(10_000));
    assert_eq!(skew.minute(7_200), at(3_600));
    skew.hear(at(10_000), at(10_000));
    assert_eq!(skew.minute(600), at(600));
}

#[test]
fn it_begins_beyond_a_minute_and_ends_below_half_of_one() {
    let mut skew = ClockSkew::new(true, at(0));
    let mut corrected = |seen: u64| {
        skew.hear(at(10_000 + seen), at(10_000));
        skew.correction().ahead_ms / 1_000
    };
    for (seen, expected) in [
        (60, 0),
        (61, 61),
        (59, 61),
        (31, 61),
        (30, 30),
        (59, 30),
        (61, 61),
        (29, 0),
        (31, 0),
        (59, 0),
    ] {
        assert_eq!(corrected(seen), expected, "{seen}");
    }
}

#[test]
fn who_opts_out_is_not_corrected() {
    let mut skew = ClockSkew::new(false, at(0));
    skew.hear(at(20_000), at(10_000));
    assert_eq!(skew.minute(600), at(600));
}

#[test]
fn what_took_long_tells_no_time() {
    for (before, after) in [(10_000, 13_600), (10_000, 10_011), (13_600, 10_000)] {
        let mut skew = ClockSkew::new(true, at(0));
        skew.learn(told(at(10_000), at(before), at(after)));
        assert_eq!(skew.correction().ahead_ms, 0, "{before} to {after}");
        skew.learn(told(at(20_000), at(before), at(after)));
        assert_eq!(skew.correction().ahead_ms, 0, "{before} to {after}");
    }
    let mut skew = ClockSkew::new(true, at(0));
    skew.learn(told(at(20_005), at(10_000), at(10_010)));
    assert_eq!(skew.correction().ahead_ms, 10_000_000);
}

#[test]
fn a_time_that_no_service_shows_moves_nothing() {
    let day = |day: u64| UNIX_EPOCH + days(day);
    // 2024-12-31, 2055-01-01 and 9999-12-31.
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    for ours in [at(0), day(0), day(20_000)] {
        let mut skew = ClockSkew::new(true, ours);
        for service in [UNIX_EPOCH, day(20_088), day(31_046), last] {
            for _ in 0..10 {
                skew.hear(service, ours);
            }
            assert_eq!(skew.correction().ahead_ms, 0, "{service:?}");
        }
        // However far off the exporter's is.
        let service = day(20_300);
        skew.hear(service, ours);
        skew.hear(service, ours);
        assert_eq!(skew.correction().shift(ours), Some(service));
    }
}

#[test]
fn what_is_off_by_more_than_a_day_is_believed_when_two_answers_in_a_row_say_so() {
    let ours = at(0);
    let mut skew = ClockSkew::new(true, ours);
    let mut ahead = |service: SystemTime| {
        skew.hear(service, ours);
        skew.correction().ahead_ms / 1_000
    };
    assert_eq!(ahead(at(86_400)), 86_400, "a day");
    assert_eq!(ahead(at(0)), 0);
    assert_eq!(ahead(at(86_401)), 0);
    assert_eq!(ahead(at(0)), 0);
    assert_eq!(ahead(at(86_401)), 0, "not in a row");
    assert_eq!(ahead(at(96_401)), 0, "not the same");
    assert_eq!(ahead(at(96_405)), 96_405);
    // What is known is not asked for again, and what is less needs no other answer.
    assert_eq!(ahead(at(96_405)), 96_405);
    assert_eq!(ahead(at(3_600)), 3_600);
}

#[test]
fn what_is_refused_with_a_doubtful_time_is_transient_three_times_at_most() {
    let mut skew = ClockSkew::new(true, at(0));
    let batch = Arc::new(Batch::new("Test", [datum(at(0), true)]));
    let (_, correction) = skew.correct(&batch, at(0));
    let classes = (1..=5).map(|number| {
        let told = told(at(0) + days(100 * number), at(0), at(0));
        let result = skew.judge(correction, Some(told), invalid());
        class(&result)
    });
    let classes: Vec<_> = classes.collect();
    let transient = "transient";
    assert_eq!(
        classes,
        [transient, transient, transient, "invalid", "invalid"]
    );
}

#[test]
fn data_near_two_weeks_old_do_not_grow_too_old_by_it() {
    let mut skew = ClockSkew::new(true, at(0));
    let now = at(400);
    skew.hear(now + Duration::from_millis(3_599_500), now);
    let their_now = now + Duration::from_millis(3_599_500);
    for age in [0, 1, 30, 59, 60, 61, 119, 600] {
        for resolution in [Standard, High] {
            let ours = now - MAX_AGE + Duration::from_secs(age);
            let stamp = skew.correction().of(ours, resolution, their_now);
            assert!(
                their_now.duration_since(stamp).unwrap() <= MAX_AGE,
                "{age} s"
            );
        }
    }
}

fn datum(timestamp: SystemTime, is_by_clock: bool) -> Datum {
    Datum {
        is_by_clock,
        ..Datum::new(
            "n",
            &[] as &[(&str, &str)],
            timestamp,
            DatumValue::Number(1.0),
            None,
        )
    }
}

fn stamps(batch: &Batch) -> Vec<SystemTime> {
    batch.data().iter().map(Datum::timestamp).collect()
}

#[test]
fn an_attempt_gets_a_copy_and_what_waits_keeps_its_stamps() {
    let data = [datum(at(7_200), true), datum(at(7_200), false)];
    let batch = Batch::of(BatchKey::new("Test".into(), Guarantee::AtMostOnce), data);
    let (batch, now) = (Arc::new(batch), at(7_260));
    let mut skew = ClockSkew::new(true, at(0));
    let (sent, _) = skew.correct(&batch, now);
    assert!(Arc::ptr_eq(&sent, &batch));
    skew.hear(at(3_660), now);
    let (sent, _) = skew.correct(&batch, now);
    assert_eq!(stamps(&sent), [at(3_600), at(7_200)]);
    assert_eq!(stamps(&batch), [at(7_200); 2]);
    assert_eq!(sent.guarantee(), Guarantee::AtMostOnce);
    assert_eq!((sent.oldest(), sent.newest()), (at(3_600), at(7_200)));
}

fn class(result: &Result<Sent, SendError>) -> &'static str {
    match result {
        Ok(_) => "sent",
        Err(SendError::Transient(_)) => "transient",
        Err(SendError::Invalid { .. }) => "invalid",
        Err(SendError::Denied(_)) => "denied",
        Err(_) => "another",
    }
}

fn invalid() -> Result<Sent, SendError> {
    Err(SendError::Invalid {
        code: "InvalidParameterValue".into(),
        message: "too old".into(),
        members: vec![0],
    })
}

/// Of several attempts under way the first answer teaches, and the others are no less wrong for their time alone.
#[test]
fn what_is_refused_after_the_time_became_known_is_transient() {
    let denied = || Err(SendError::Denied("signature expired".into()));
    let ambiguous = || Err(SendError::Ambiguous("no answer".into()));
    let batch = Arc::new(Batch::new("Test", [datum(at(0), true)]));
    let now = at(20_000);
    for (corrects, expected) in [
        (
            true,
            [
                "transient",
                "transient",
                "another",
                "sent",
                "invalid",
                "denied",
            ],
        ),
        (
            false,
            ["invalid", "denied", "another", "sent", "invalid", "denied"],
        ),
    ] {
        let mut skew = ClockSkew::new(corrects, at(0));
        let (_, before) = skew.correct(&batch, now);
        let first = skew.judge(before, Some(told(at(10_000), now, now)), invalid());
        let (_, after) = skew.correct(&batch, now);
        let later = [
            (before, denied()),
            (before, ambiguous()),
            (before, Ok(Sent::default())),
            (after, invalid()),
            (after, denied()),
        ];
        let later = later.map(|(correction, result)| skew.judge(correction, None, result));
        let classes: Vec<_> = std::iter::once(&first).chain(&later).map(class).collect();
        assert_eq!(classes, expected);
    }
}

proptest! {
    /// Around any offset, with answers that all say a little different.
    #[test]
    fn while_the_offset_wanders_windows_stay_apart_and_a_retry_keeps_its_stamp(
        center in prop_oneof![-200_000_i64..200_000, -100_000_000_i64..100_000_000],
        wander in prop::collection::vec(0..HALF_A_MINUTE, 20),
        is_high: bool,
    ) {
        let resolution = if is_high {
            High
        } else {
            Standard
        };
        let (mut skew, origin) = (ClockSkew::new(true, at(0)), 1_749_999_960_000_i64);
        let mut first = Vec::new();
        let mut changes = 0;
        let mut known = skew.correction();
        for (number, wander) in (0_i64..).zip(wander) {
            let ours = origin + number * i64::from(resolution.seconds()) * 1_000;
            skew.hear(at_ms(ours + center + wander), at_ms(ours));
            changes += u32::from(skew.correction().ahead_ms != known.ahead_ms);
            known = skew.correction();
            first.push((ours, known, known.of(at_ms(ours), resolution, at_ms(ours))));
        }
        // It may begin once.
        prop_assert!(changes <= 1);
        let (is_known, before): (Vec<_>, Vec<_>) =
            first.into_iter().partition(|(_, correction, _)| correction.ahead_ms == known.ahead_ms);
        prop_assert!(before.iter().all(|(ours, _, stamp)| at_ms(*ours) == *stamp));
        for (ours, _, stamp) in &is_known {
            prop_assert_eq!(known.of(at_ms(*ours), resolution, at_ms(*ours + 60_000)), *stamp);
        }
        for pair in is_known.windows(2) {
            prop_assert_eq!(pair[1].2.duration_since(pair[0].2).unwrap(), resolution.period());
        }
    }
}

mod jumps;
