//! Clocks that jump while data wait, and machines that sleep: what is sent under which stamp, and what is too old.

use super::*;

/// By the exporter's clock and by one that runs only forward: what is sent of data that were stamped at `stamp`.
fn sent(
    skew: &ClockSkew,
    stamp: SystemTime,
    now: SystemTime,
) -> Result<SystemTime, TimestampFault> {
    skew.stamp(&datum(stamp, true), now, skew.theirs(now))
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_refuses_nothing_before_the_service_was_asked() {
    for is_known in [false, true] {
        let (stamp, jumped) = (at(0), at(60) + days(21));
        let mut skew = ClockSkew::new(true, at(0));
        if is_known {
            skew.hear(at(0), at(0));
        }
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(sent(&skew, stamp, jumped), Ok(stamp));
        // It was the clock.
        skew.hear(at(60), jumped);
        skew.hear(at(60), jumped);
        assert_eq!(sent(&skew, stamp, jumped), Ok(stamp), "before the jump");
        assert_eq!(sent(&skew, jumped, jumped), Ok(at(60)), "after it");
        // It is set right again.
        skew.hear(at(120), at(120));
        assert_eq!(sent(&skew, stamp, at(120)), Ok(stamp));
        assert_eq!(sent(&skew, jumped, at(120)), Ok(at(60)), "in between");
        assert_eq!(sent(&skew, at(120), at(120)), Ok(at(120)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_old_after_three_weeks_of_suspension_is_refused_once_the_service_says_so() {
    let mut skew = ClockSkew::new(true, at(0));
    skew.hear(at(0), at(0));
    let woken = at(0) + days(21);
    assert_eq!(sent(&skew, at(0), woken), Ok(at(0)));
    skew.hear(woken, woken);
    assert_eq!(sent(&skew, at(0), woken), Err(TimestampFault::TooOld));
    assert_eq!(sent(&skew, woken, woken), Ok(woken));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_two_weeks_grows_too_old_whether_anybody_answered_or_not() {
    for is_known in [false, true] {
        let mut skew = ClockSkew::new(true, at(0));
        if is_known {
            skew.hear(at(0), at(0));
        }
        tokio::time::advance(days(14)).await;
        assert_eq!(sent(&skew, at(0), at(0) + days(14)), Ok(at(0)));
        tokio::time::advance(Duration::from_secs(1)).await;
        let now = at(1) + days(14);
        assert_eq!(sent(&skew, at(0), now), Err(TimestampFault::TooOld));
        // A clock that was set back since does not make them young, if the service's is known.
        let back = at(0) + days(7);
        let expected = if is_known {
            Err(TimestampFault::TooOld)
        } else {
            Ok(at(0))
        };
        assert_eq!(skew.theirs(back).check(at(0)).map(|()| at(0)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_by_weeks_stamps_as_it_did_until_the_service_was_asked() {
    let mut skew = ClockSkew::new(true, at(0));
    skew.hear(at(0), at(0));
    tokio::time::advance(Duration::from_mins(1)).await;
    let back = at(0) - days(21);
    assert_eq!(sent(&skew, back, back), Ok(at(60)));
}

/// Of a machine without a battery, whose network comes first, or whose time does.
#[tokio::test(start_paused = true)]
async fn a_clock_that_started_in_1970_loses_nothing() {
    for is_known in [false, true] {
        let boot = UNIX_EPOCH + Duration::from_secs(45);
        let stamp = UNIX_EPOCH + Duration::from_mins(1);
        let mut skew = ClockSkew::new(true, boot);
        tokio::time::advance(Duration::from_mins(5)).await;
        let (later, set) = (boot + Duration::from_mins(5), at(600));
        if is_known {
            assert_eq!(sent(&skew, stamp, later), Ok(stamp), "asks the service");
            skew.hear(set, later);
            skew.hear(set, later);
            assert_eq!(sent(&skew, stamp, later), Ok(at(300)));
        }
        // 285 s ago, at the start of a minute.
        assert_eq!(sent(&skew, stamp, set), Ok(at(300)));
        skew.hear(set, set);
        assert_eq!(sent(&skew, stamp, set), Ok(at(300)));
        assert_eq!(sent(&skew, set, set), Ok(set));
    }
}

#[test]
fn a_time_of_an_applications_own_is_judged_by_the_services_clock_and_not_changed() {
    let mut skew = ClockSkew::new(true, at(0) + days(21));
    let own = |skew: &ClockSkew, stamp| {
        let now = at(0) + days(21);
        skew.stamp(&datum(stamp, false), now, skew.theirs(now))
    };
    assert_eq!(own(&skew, at(0)), Err(TimestampFault::TooOld));
    skew.hear(at(0), at(0) + days(21));
    skew.hear(at(0), at(0) + days(21));
    assert_eq!(own(&skew, at(0)), Ok(at(0)));
    let ahead = at(3 * 3_600);
    assert_eq!(own(&skew, ahead), Err(TimestampFault::TooFarAhead));
}

/// Of an earlier process, whose clock was right. This one's is not, or nobody knows.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_is_not_judged_before_the_service_was_asked() {
    let stamp = at(0);
    let real = at(120);
    for start in [at(0) + days(30), UNIX_EPOCH, at(0) - days(30)] {
        let mut skew = ClockSkew::new(true, start);
        let is_set_back = is_plausible(start) && start < stamp;
        if !is_set_back {
            assert_eq!(sent(&skew, stamp, start), Ok(stamp), "{start:?}");
        }
        skew.hear(real, start);
        skew.hear(real, start);
        if start < stamp {
            assert_eq!(sent(&skew, stamp, start), Ok(stamp), "{start:?}");
        } else {
            // It is taken for the same clock's.
            assert_eq!(sent(&skew, stamp, start), Err(TimestampFault::TooOld));
        }
    }
}
