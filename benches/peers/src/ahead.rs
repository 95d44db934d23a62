//! The rows in which a peer is ahead of this backend: a reader should not have to look for them.

use crate::driver::{Measured, Plan};
use crate::recorders::Recorder;
use crate::rows::{Better, Row, rows};
use crate::table::mark;
use crate::workloads::Workload;
use std::fmt::Write;

/// A peer that is better than this backend in some row.
#[derive(Debug, PartialEq)]
struct Ahead {
    peer: Recorder,
    figure: f64,
    /// How many times better.
    times: f64,
}

/// A list in Markdown, one row a line.
pub(crate) fn render(plan: &Plan, measured: &Measured) -> String {
    let mut compared = 0;
    let mut lines = Vec::new();
    for workload in plan.workloads() {
        for row in rows(workload) {
            let median = |recorder| measured.median(workload, recorder, row.number);
            let all = plan.recorders().into_iter();
            let peers: Vec<_> = all
                .filter(|recorder| recorder.is_peer())
                .filter_map(|peer| Some((peer, median(peer)?)))
                .collect();
            if let Some(ours) = median(Recorder::Ours)
                && !peers.is_empty()
            {
                compared += 1;
                let ahead = ahead(&row, ours, &peers);
                if !ahead.is_empty() {
                    lines.push(line(measured, workload, &row, ours, &ahead));
                }
            }
        }
    }
    let count = lines.len();
    if count == 0 {
        return format!("Rows in which a peer is ahead: none of {compared}.");
    }
    let lines = lines.join("\n");
    format!("Rows in which a peer is ahead, {count} of {compared}, and how many times:\n\n{lines}")
}

/// The peers that are ahead in a row, the best first. A difference that the table does not show is none.
fn ahead(row: &Row, ours: f64, peers: &[(Recorder, f64)]) -> Vec<Ahead> {
    let mut ahead: Vec<_> = peers
        .iter()
        .filter(|&&(_, figure)| (row.show)(figure) != (row.show)(ours))
        .map(|&(peer, figure)| Ahead {
            peer,
            figure,
            times: match row.better {
                Better::Less => ours / figure,
                Better::More => figure / ours,
            },
        })
        .filter(|ahead| ahead.times > 1.0)
        .collect();
    ahead.sort_by(|one, other| other.times.total_cmp(&one.times));
    ahead
}

fn line(measured: &Measured, workload: Workload, row: &Row, ours: f64, ahead: &[Ahead]) -> String {
    let mut line = format!("- {}: ours {}", row.title, (row.show)(ours));
    for Ahead {
        peer,
        figure,
        times,
    } in ahead
    {
        let figure = (row.show)(*figure);
        let mark = mark(measured, workload, *peer);
        let _ = write!(line, "; {} {figure} ({times:.2} ×){mark}", peer.title());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Ahead, ahead};
    use crate::recorders::Recorder;
    use crate::rows::{Better, Row};

    fn row(better: Better) -> Row {
        Row {
            title: String::new(),
            number: "number",
            show: |number| format!("{number:.1}"),
            better,
        }
    }

    fn lead(peer: Recorder, figure: f64, times: f64) -> Ahead {
        Ahead {
            peer,
            figure,
            times,
        }
    }

    #[test]
    fn who_takes_less_is_ahead_and_the_best_comes_first() {
        let peers = [
            (Recorder::Prometheus, 4.0),
            (Recorder::Dogstatsd, 9.0),
            (Recorder::Metrique, 2.0),
        ];
        assert_eq!(
            ahead(&row(Better::Less), 8.0, &peers),
            [
                lead(Recorder::Metrique, 2.0, 4.0),
                lead(Recorder::Prometheus, 4.0, 2.0)
            ]
        );
    }

    #[test]
    fn who_delivers_more_is_ahead() {
        let peers = [(Recorder::Prometheus, 0.5), (Recorder::Dogstatsd, 2.0)];
        assert_eq!(
            ahead(&row(Better::More), 1.0, &peers),
            [lead(Recorder::Dogstatsd, 2.0, 2.0)]
        );
    }

    #[test]
    fn nobody_is_ahead_by_what_the_table_does_not_show() {
        let peers = [(Recorder::Prometheus, 2.04), (Recorder::Dogstatsd, 2.0)];
        assert_eq!(ahead(&row(Better::Less), 2.04, &peers), []);
        assert_eq!(ahead(&row(Better::More), 2.0, &peers), []);
    }

    #[test]
    fn nobody_is_ahead_where_no_peer_has_a_figure() {
        assert_eq!(ahead(&row(Better::Less), 1.0, &[]), []);
    }
}
