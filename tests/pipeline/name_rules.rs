//! Which names are refused is the sink's own word.

use crate::fixtures::started::{Started, minute};
use crate::sending::service_at;
use metrics::{Label, counter};
use metrics_exporter_cloudwatch::limits::TextFault;
use metrics_exporter_cloudwatch::{
    Attempt, Batch, BuildError, Characters, CloudWatchBuilder, ConfigError, Datum, ExplicitDatum,
    ManualClock, MemorySink, NameRules, Profile, PutError, Refusal, SendError, Sent, Sink,
};
use std::time::Duration;

/// Takes other names than CloudWatch.
#[derive(Clone)]
struct Other(MemorySink, NameRules);

impl Sink for Other {
    fn profile(&self) -> Profile {
        Profile::default().with_name_rules(self.1)
    }

    fn added_len(&self, _: &Batch, _: &Datum) -> usize {
        0
    }

    async fn send(&self, batch: &Batch, attempt: &Attempt) -> Result<Sent, SendError> {
        self.0.send(batch, attempt).await
    }
}

impl Other {
    fn new(names: NameRules) -> Self {
        Self(MemorySink::new(), names)
    }

    fn builder(&self) -> CloudWatchBuilder {
        CloudWatchBuilder::new("Test").with_sink("other", self.clone())
    }
}

fn labels(number: usize) -> Vec<Label> {
    let labels = (0..number).map(|n| Label::new(format!("d{n}"), "v"));
    labels.collect()
}

/// Also what is put, and default dimensions.
#[tokio::test]
async fn a_sink_with_looser_rules_gets_what_cloudwatch_would_refuse() {
    let names = NameRules::default()
        .with_max_metric_name(1_024)
        .with_max_dimension_name(300)
        .with_max_dimension_value(2_000)
        .with_max_dimensions(128)
        .with_name_characters(Characters::Printable)
        .with_value_characters(Characters::All);
    let sink = Other::new(names);
    let test = Started::new(sink.builder().with_dimension("région", "süd"));
    let long = |chars| "x".repeat(chars);
    test.record(|| {
        counter!(long(1_024)).increment(1);
        counter!("größe").increment(1);
        counter!("n", ":colon" => "a\nb", long(300) => long(2_000)).increment(1);
        counter!("many", labels(127).iter()).increment(1);
        // And these are too much for it as well.
        counter!(long(1_025)).increment(1);
        counter!("tab\t").increment(1);
        counter!("many", labels(128).iter()).increment(1);
    });
    let put = |datum| test.cloudwatch.put(datum);
    put(ExplicitDatum::value("größe", 1.0).with_dimension("straße", "\t")).unwrap();
    let refused = put(ExplicitDatum::value(long(1_025), 1.0));
    let too_long = Refusal::MetricName(TextFault::TooLong {
        chars: 1_025,
        limit: 1_024,
    });
    assert_eq!(refused, Err(PutError::Series(too_long.clone())));
    let report = test.cloudwatch.shutdown().await.unwrap();
    assert_eq!((report.delivered.data, report.refused.samples), (5, 3));
    let reasons = report.refusals.into_iter().map(|refused| refused.reason);
    let mut reasons: Vec<_> = reasons.map(|reason| reason.to_string()).collect();
    reasons.sort_unstable();
    let expected = [
        "129 dimensions, more than 128".to_owned(),
        too_long.to_string(),
        "the metric's name has a control character".to_owned(),
    ];
    assert_eq!(reasons, expected);
    let data = sink.0.take();
    assert!(
        data.iter()
            .all(|datum| datum.dimensions().any(|own| own == ("région", "süd")))
    );
}

#[tokio::test]
async fn a_sink_with_stricter_rules_refuses_by_name_what_cloudwatch_takes() {
    let names = NameRules::default()
        .with_max_metric_name(8)
        .with_max_dimension_name(4)
        .with_max_dimension_value(5)
        .with_max_dimensions(2)
        .with_name_characters(Characters::AlphanumericAnd("_"));
    let sink = Other::new(names);
    let test = Started::new(sink.builder().with_self_metrics(true));
    test.record(|| {
        counter!("requests", "code" => "a b").increment(1);
        counter!("requests.").increment(1);
        counter!("a.b").increment(1);
        counter!("n", "route" => "/").increment(1);
        counter!("n", "code" => "abcdef").increment(1);
        counter!("n", labels(3).iter()).increment(1);
    });
    let report = test.cloudwatch.flush().await.unwrap();
    assert_eq!(report.delivered.data, 1);
    let refused = report.refusals.iter().map(ToString::to_string);
    let mut refused: Vec<_> = refused.collect();
    refused.sort_unstable();
    let expected = [
        r#"Counter "a.b": 1 refused: the metric's name has the character '.'"#,
        r#"Counter "n" {"code"="abcdef"}: 1 refused: the value of dimension "code" has 6 characters, more than 5"#,
        r#"Counter "n" {"d0"="v", "d1"="v", "d2"="v"}: 1 refused: 3 dimensions, more than 2"#,
        r#"Counter "n" {"route"="/"}: 1 refused: the name of dimension "route" has 5 characters, more than 4"#,
        r#"Counter "requests.": 1 refused: the metric's name has 9 characters, more than 8"#,
    ];
    assert_eq!(refused, expected);
    // What the exporter says of itself has names of its own, which are too long here.
    assert_eq!(sink.0.data().len(), 1);
    let put = test.cloudwatch.put(ExplicitDatum::value("a.b", 1.0));
    let refusal = Refusal::MetricName(TextFault::Character('.'));
    assert_eq!(put, Err(PutError::Series(refusal)));
}

#[test]
fn default_dimensions_are_judged_by_the_sinks_rules() {
    let sink = Other::new(NameRules::default().with_max_dimensions(1));
    let builder = || sink.builder().with_dimension("a", "1");
    assert!(builder().build().is_ok());
    let Err(BuildError::Config(error)) = builder().with_dimension("b", "2").build() else {
        panic!("two dimensions are too many")
    };
    let too_many = Refusal::TooManyDimensions {
        dimensions: 2,
        limit: 1,
    };
    assert_eq!(error, ConfigError::DefaultDimension(too_many));
}

/// Which characters CloudWatch takes in a metric's name is said nowhere: a rule of ours would be a guess.
#[tokio::test(start_paused = true)]
async fn whether_a_metrics_name_may_be_other_than_ascii_is_left_to_the_service() {
    const UNSURE: [&str; 4] = ["größe", "🦀", "tab\tand line\n", "  "];
    for takes_any in [false, true] {
        let service = service_at(&ManualClock::new(minute()));
        if takes_any {
            service.take_any_metric_name();
        }
        let builder = CloudWatchBuilder::new("Test").with_client(service.client());
        let test = Started::new(builder.with_flush_timeout(Duration::from_hours(1)));
        test.record(|| {
            for name in ["first", "last"].iter().chain(&UNSURE) {
                counter!(*name).increment(2);
            }
            counter!("label", "größe" => "v").increment(3);
            counter!("x".repeat(256)).increment(4);
        });
        let put = ExplicitDatum::value("größe", 1.0).with_dimension("put", "1");
        test.cloudwatch.put(put).unwrap();
        let report = test.cloudwatch.flush().await.unwrap();
        let names = service
            .received()
            .into_iter()
            .map(|datum| datum.metric_name);
        let mut names: Vec<String> = names.collect();
        let (mut ours, mut services): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
        for refused in &report.refusals {
            match &refused.reason {
                Refusal::Rejected { code, .. } => {
                    assert_eq!(code, "InvalidParameterValue");
                    services.push(refused.key.name());
                }
                _ => ours.push(refused.key.name()),
            }
        }
        ours.sort_unstable();
        services.sort_unstable();
        names.sort_unstable();
        let mut unsure = [&UNSURE[..], &["größe"]].concat();
        unsure.sort_unstable();
        assert_eq!(ours, ["label", &"x".repeat(256)]);
        if takes_any {
            let mut all = [&unsure[..], &["first", "last"]].concat();
            all.sort_unstable();
            assert_eq!(names, all);
            assert_eq!(services, [""; 0]);
        } else {
            assert_eq!(names, ["first", "last"]);
            assert_eq!(services, unsure);
        }
    }
}
