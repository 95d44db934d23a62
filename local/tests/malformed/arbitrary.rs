//! Bytes and structures by chance: no panic, and always an answer.

use ciborium::Value;
use cloudwatch_local::Service;
use proptest::prelude::*;

use super::{encoded, error, gzip, put, to, valid};

const OPERATIONS: [&str; 4] = [
    "PutMetricData",
    "ListMetrics",
    "GetMetricStatistics",
    "GetMetricData",
];

/// CBOR of the names and types of the model, in places where they may not belong.
fn value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Namespace",
        "MetricData",
        "MetricName",
        "Dimensions",
        "Name",
        "Value",
        "Values",
        "Counts",
        "StatisticValues",
        "SampleCount",
        "Sum",
        "Minimum",
        "Maximum",
        "Timestamp",
        "Unit",
        "StorageResolution",
        "StartTime",
        "EndTime",
        "Period",
        "Statistics",
        "ExtendedStatistics",
        "MetricDataQueries",
        "Id",
        "MetricStat",
        "Metric",
        "Stat",
        "NextToken",
        "MaxDatapoints",
    ]);
    let leaf = prop_oneof![
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        "[ -~]{0,8}".prop_map(Value::from),
        prop::sample::select(vec!["p50", "Sum", "Count", "a"]).prop_map(Value::from),
        any::<f64>().prop_map(|seconds| Value::Tag(1, Box::new(seconds.into()))),
        (0..4_000_000_000_i64).prop_map(|seconds| Value::Tag(1, Box::new(seconds.into()))),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let members = prop::collection::btree_map(names.clone(), inner.clone(), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(|members| {
                Value::Map(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.into(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..512),
        operation in prop::sample::select(&OPERATIONS[..]),
        compressed in any::<bool>(),
    ) {
        let mut request = to(operation, if compressed { gzip(&bytes) } else { bytes });
        if compressed {
            request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        }
        let response = Service::new().handle(&request);
        // A map without members, which has many forms, asks for every metric there is.
        if operation != "ListMetrics" || response.status() != 200 {
            prop_assert!(response.status().is_client_error(), "{}", response.status());
            error(&response);
        }
    }

    #[test]
    fn arbitrary_damage_is_no_panic(
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encoded(&valid());
        let position = position.index(bytes.len());
        bytes[position] = byte;
        let service = Service::new();
        let response = service.handle(&put(bytes));
        let accepted = response.status() == 200;
        prop_assert!(accepted || response.status().is_client_error());
        prop_assert_eq!(service.received().len(), usize::from(accepted));
    }

    #[test]
    fn arbitrary_structures_are_answered(
        body in value(),
        operation in prop::sample::select(&OPERATIONS[..]),
    ) {
        let response = Service::new().handle(&to(operation, encoded(&body)));
        prop_assert!(response.status() == 200 || response.status().is_client_error());
    }
}
