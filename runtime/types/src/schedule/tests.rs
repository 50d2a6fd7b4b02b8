use super::*;

mod croniter;
mod jumps;
mod model;

fn schedule(expression: &str, time_zone: &str) -> Schedule {
    Schedule {
        name: "s".parse().unwrap(),
        function: "f".parse().unwrap(),
        expression: ScheduleExpression(expression.into()),
        time_zone: time_zone.into(),
        catch_up: CatchUp::Once,
        input: None,
        delivery: None,
        enabled: true,
        annotations: Annotations::default(),
    }
}

fn next(expression: &str, time_zone: &str, time: &str) -> String {
    let found = schedule(expression, time_zone).next_after(time.parse().unwrap()).unwrap();
    found.map_or_else(|| "never".into(), |time| time.to_string())
}

fn refused(expression: &str) -> String {
    let error = schedule(expression, "UTC").validate().expect_err(expression);
    assert_eq!(error.code(), ErrorCode::InvalidConfiguration);
    error.detail().to_owned()
}

#[test]
fn every_form_has_its_next_time() {
    let time = "2026-11-21T12:34:56.789Z";
    for (expression, expected) in [
        ("* * * * *", "2026-11-21T12:35:00Z"),
        ("0 9 * * MON-FRI", "2026-11-23T09:00:00Z"),
        ("*/15 0 13 * * *", "2026-11-21T13:00:00Z"),
        ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
        ("0 0 1 jan *", "2027-01-01T00:00:00Z"),
        ("0 0 L * *", "2026-11-30T00:00:00Z"),
        ("0 0 LW 2 *", "2027-02-26T00:00:00Z"),
        ("0 0 28W 11 *", "2026-11-27T00:00:00Z"),
        ("0 0 1W 5 *", "2027-05-03T00:00:00Z"),
        ("0 0 31W 10 *", "2027-10-29T00:00:00Z"),
        ("0 0 * * FRIL", "2026-11-27T00:00:00Z"),
        ("0 0 * * 5#L", "2026-11-27T00:00:00Z"),
        ("0 0 * * MON#1,THU#5", "2026-12-07T00:00:00Z"),
        ("0 0 ? * FRI-SUN", "2026-11-22T00:00:00Z"),
        ("0 0 13 * +FRI", "2027-08-13T00:00:00Z"),
        // Either day, unless one begins with a star.
        ("0 0 13 * FRI", "2026-11-27T00:00:00Z"),
        ("0 0 */2 * MON", "2026-11-23T00:00:00Z"),
        ("0 0 */2 * TUE", "2026-12-01T00:00:00Z"),
        ("0 0 1-31/2 * TUE", "2026-11-23T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
        ("@monthly", "2026-12-01T00:00:00Z"),
        ("@weekly", "2026-11-22T00:00:00Z"),
        ("@daily", "2026-11-22T00:00:00Z"),
        ("@Midnight", "2026-11-22T00:00:00Z"),
        ("@hourly", "2026-11-21T13:00:00Z"),
        ("rate(5 minutes)", "2026-11-21T12:35:00Z"),
        ("rate(1 day)", "2026-11-22T00:00:00Z"),
        ("rate(1 second)", "2026-11-21T12:34:57Z"),
        ("at(2026-12-24T18:00:00)", "2026-12-24T18:00:00Z"),
        ("at(2026-12-24T18:00)", "2026-12-24T18:00:00Z"),
        ("at(2025-12-24T18:00:00)", "never"),
    ] {
        assert_eq!(next(expression, "UTC", time), expected, "{expression}");
    }
    assert_eq!(next("0 9 * * *", "Europe/Berlin", time), "2026-11-22T08:00:00Z");
    assert_eq!(next("at(2026-12-24T18:00:00)", "Asia/Tokyo", time), "2026-12-24T09:00:00Z");
}

#[test]
fn event_bridges_form_means_what_it_means_there() {
    // A Saturday. The first seven are examples of its documentation.
    let time = "2026-11-21T12:34:56Z";
    for (expression, expected) in [
        ("cron(0 10 * * ? *)", "2026-11-22T10:00:00Z"),
        ("cron(15 12 * * ? *)", "2026-11-22T12:15:00Z"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00:00Z"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00:00Z"),
        ("cron(0/15 * * * ? *)", "2026-11-21T12:45:00Z"),
        ("cron(0/10 * ? * MON-FRI *)", "2026-11-23T00:00:00Z"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-23T08:00:00Z"),
        ("cron( 0 9 ? * 2-6 * )", "2026-11-23T09:00:00Z"),
        // The second Tuesday: their week begins with a Sunday that is 1.
        ("cron(0 9 ? * 3#2 *)", "2026-12-08T09:00:00Z"),
        ("cron(15 10 ? * 6L 2026-2027)", "2026-11-27T10:15:00Z"),
        ("cron(0 9 ? * L *)", "2026-11-28T09:00:00Z"),
        ("cron(0 9 3W * ? *)", "2026-12-03T09:00:00Z"),
        ("cron(0 9 L * ? 2027/2)", "2027-01-31T09:00:00Z"),
        ("cron(0 9 * * ? 2025)", "never"),
        ("cron(1/10 12 21 11 ? *)", "2026-11-21T12:41:00Z"),
    ] {
        assert_eq!(next(expression, "UTC", time), expected, "{expression}");
    }
    for (expression, phrase) in [
        ("cron(0 9 * * * *)", "has to have \"?\""),
        ("cron(0 9 ? * ? *)", "has to have \"?\""),
        ("cron(0 9 * * MON-FRI)", "has 5 fields"),
        ("cron(0 9 ? * MON-FRI *", "parenthesis"),
        ("cron(0 9 ? * 0 *)", "the day of week field"),
        ("cron(0 9 ? * MON 1969)", "the year field"),
        ("CRON(0 9 ? * MON *)", "in lower case"),
        ("every(5 minutes)", "\"every\""),
    ] {
        let detail = refused(expression);
        assert!(detail.contains(phrase), "{expression:?}: {detail}");
    }
}

#[test]
fn a_time_is_never_its_own_next() {
    let mut time: Timestamp = "2026-11-21T12:34:00Z".parse().unwrap();
    let every = schedule("* * * * * *", "UTC");
    for _ in 0..5 {
        let next = every.next_after(time).unwrap().unwrap();
        assert_eq!((next - time).get_seconds(), 1);
        time = next;
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (expression, phrase) in [
        ("61 * * * *", "the minute field"),
        ("* 25 * * *", "the hour field"),
        ("* * 32 * *", "the day of month field"),
        ("* * 0 * *", "1 to 31"),
        ("* * * 13 *", "the month field"),
        ("* * * * MOO", "the day of week field"),
        ("* * * * 8", "0 to 7"),
        ("99 * * * * *", "the second field"),
        ("* * *", "has 3 fields"),
        ("* * * * * * *", "has 7 fields"),
        ("", "the schedule expression"),
        ("@fortnightly", "@weekly"),
        ("rate(0 minutes)", "rate"),
        ("rate(+5 minutes)", "+5"),
        ("rate(1.5 minutes)", "1.5"),
        ("rate(5 fortnights)", "fortnights"),
        ("rate(5 minutesss)", "minutesss"),
        ("rate(5 minutes", "parenthesis"),
        ("at(yesterday)", "at("),
    ] {
        let detail = refused(expression);
        assert!(detail.contains(phrase), "{expression:?}: {detail}");
    }
    let error = schedule("* * * * *", "Mars/Olympus").next_after(Timestamp::UNIX_EPOCH);
    assert!(error.unwrap_err().detail().contains("Mars/Olympus"));
    // One that needs no zone has to name one that there is, and fires without it.
    let rate = schedule("rate(5 minutes)", "Mars/Olympus");
    assert!(rate.validate().unwrap_err().detail().contains("Mars/Olympus"));
    assert!(rate.next_after(Timestamp::UNIX_EPOCH).is_ok());
    assert!(refused(&"1,".repeat(1 << 20)).len() < 200);
}

#[test]
fn every_value_is_checked_by_its_field() {
    for (expression, field, value) in [
        // Names where no such name may be.
        ("0 9 * * MON-FRI *", "month", "\"MON\" is no month but a day of week"),
        ("0 0 * MON *", "month", "\"MON\""),
        ("0 MON * * *", "hour", "\"MON\""),
        ("0 0 DEC * *", "day of month", "\"DEC\" is no day of month but a month"),
        ("0 0 * * JAN", "day of week", "\"JAN\""),
        ("MON * * * *", "minute", "\"MON\""),
        ("0 0 * FEBRUARY *", "month", "\"FEBRUARY\""),
        // Lists, ranges and steps.
        ("0 0 * * ,", "day of week", "missing"),
        ("1,,2 * * * *", "minute", "missing"),
        ("1, * * * * *", "second", "missing"),
        ("0 0 * * L", "day of week", "FRIL"),
        ("0 L * * *", "hour", "\"L\""),
        ("0 0 * 1L *", "month", "\"1L\""),
        ("0 0 * * 5W", "day of week", "\"5W\""),
        ("0 0 5#2 * *", "day of month", "\"5#2\""),
        ("0 0 * * 5#6", "day of week", "1 to 5"),
        ("0 0 * * 5#0", "day of week", "1 to 5"),
        ("0 0 32W * *", "day of month", "\"32\""),
        ("30-10 * * * *", "minute", "\"30-59,0-10\""),
        ("0 0 * * FRI-MON", "day of week", "\"FRI-7,0-MON\""),
        ("1-2-3 * * * *", "minute", "\"2-3\""),
        ("- * * * *", "minute", "\"\""),
        ("5-60 * * * *", "minute", "\"60\""),
        ("*/0 * * * *", "minute", "\"0\", which is not 1 to 60"),
        ("*/90 * * * *", "minute", "\"90\""),
        ("*/1/2 * * * *", "minute", "\"1/2\""),
        ("*/-1 * * * *", "minute", "\"-1\""),
        ("5/10 * * * *", "minute", "\"5-59/10\""),
        ("/10 * * * *", "minute", "\"\" is no minute"),
        ("** * * * *", "minute", "\"**\""),
        ("+5 * * * *", "minute", "\"+5\""),
        ("1.5 * * * *", "minute", "\"1.5\""),
        ("00001 * * * *", "minute", "\"00001\""),
        ("? * * * *", "minute", "\"?\""),
        ("0 0 ?,1 * *", "day of month", "\"?\""),
        ("0 0 9 * * 2027", "day of week", "six fields begin with seconds"),
    ] {
        let detail = refused(expression);
        let named = format!("the {field} field of the cron expression {expression:?}");
        assert!(detail.contains(&named) && detail.contains(value), "{expression:?}: {detail}");
        assert!(detail.contains(" is 0 to ") || detail.contains(" is 1 to "), "{detail}");
    }
}

#[test]
fn a_moment_has_no_offset_and_no_zone() {
    for moment in [
        "2030-12-24T18:00:00-05:00",
        "2030-12-24T18:00:00-0500",
        "2030-12-24T18:00:00-05",
        "2030-12-24T18:00:00+05:00",
        "2030-12-24T18:00:00Z",
        "2030-12-24T18:00:00z",
        "20301224T180000-05",
        "2030-12-24 18-05:00",
        "2030-12-24T18:00:00[America/New_York]",
        "2030-12-24T18:00:00-05:00[America/New_York]",
        "2030-12-24T18:00:00[u-ca=hebrew]",
        "2030-12-24T18:00:00.5",
        "2030-12-24T23:59:60",
        "20301224T235960",
        "2030-12-24T24:00:00",
        "2030-02-30T00:00:00",
        "+002030-12-24T18:00:00",
        "",
    ] {
        let detail = refused(&format!("at({moment})"));
        assert!(detail.contains("as in at(2026-12-24T18:00:00)"), "{moment}: {detail}");
    }
}

#[test]
fn what_never_fires_says_why() {
    let now: Timestamp = "2026-11-21T12:34:56Z".parse().unwrap();
    for (expression, zone, phrase) in [
        ("at(2025-12-24T18:00:00)", "UTC", "is past: it was 2025-12-24T18:00:00Z"),
        ("0 0 30 2 *", "UTC", "30th of February"),
        ("0 0 31 4,6,9,11 *", "UTC", "400 years"),
        ("0 0 * FEB MON#5", "UTC", ""),
        ("cron(0 0 * * ? 2025)", "UTC", "a past year"),
        ("rate(4000000000 days)", "UTC", "after the year 9999"),
        // The clock has jumped from two to three, each last Sunday of March.
        ("cron(30 2 ? 3 1L *)", "Europe/Berlin", "skips"),
        ("*/30 2 26-31 3 */7", "Europe/Berlin", "skips"),
    ] {
        match schedule(expression, zone).first_after(now) {
            Err(error) => assert!(error.detail().contains(phrase), "{}", error.detail()),
            // A fifth Monday of a February of 29 days.
            Ok(first) => assert_eq!(
                (expression, first.to_string().as_str()),
                ("0 0 * FEB MON#5", "2044-02-29T00:00:00Z")
            ),
        }
    }
    let first = schedule("0 0 29 2 */7", "UTC").first_after(now).unwrap();
    assert_eq!(first.to_string(), "2032-02-29T00:00:00Z", "a Sunday");
}

/// Every search ends soon, whoever wrote the expression.
#[test]
fn a_search_is_bounded() {
    let now: Timestamp = "2026-11-21T12:34:56Z".parse().unwrap();
    for (expression, zone) in [
        ("0 0 31 4,6,9,11 *", "America/New_York"),
        ("cron(30 2 ? 3 1L *)", "Europe/Berlin"),
        ("*/30 2 26-31 3 */7", "Europe/Berlin"),
        ("0 0 31W,30L 2 *", "UTC"),
        ("0 0 29 2 +MON#5", "Australia/Lord_Howe"),
    ] {
        let Ok(schedule) = schedule(expression, zone).times() else { continue };
        let begin = std::time::Instant::now();
        for _ in 0..10 {
            assert!(schedule.next_after(now).is_none_or(|next| next > now));
        }
        // Measured: less than a millisecond each; a busy machine is slower.
        assert!(begin.elapsed().as_secs() < 5, "{expression}: {:?}", begin.elapsed());
    }
}

#[test]
fn an_input_is_bounded() {
    let with = |bytes: usize| {
        let input = Some("x".repeat(bytes).into());
        Schedule { input, ..schedule("rate(1 day)", "UTC") }.validate()
    };
    assert!(with(crate::limits::bounds::SCHEDULE_INPUT_BYTES_MAX - 2).is_ok());
    let error = with(crate::limits::bounds::SCHEDULE_INPUT_BYTES_MAX).unwrap_err();
    assert!(error.detail().contains("the most is 65536"), "{error}");
}
