//! The shortest ways through the tables of a schema, all of them.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use super::Edge;

/// No way is looked for beyond this many steps.
const FARTHEST: usize = 6;

/// So many equally short ways are told apart.
const WIDEST: usize = 64;

/// Which ways count.
#[derive(Debug, Default)]
pub(super) struct Limits<'a> {
    /// Only over these tables.
    pub(super) over: Option<&'a HashSet<usize>>,
    /// Not from a row up to what it refers to and down again: two courses of one department have
    /// nothing else to do with each other.
    pub(super) linked: bool,
}

/// A table on the way, and whether it was reached from a row that refers to it.
type Stop = (usize, bool);

/// All shortest ways from one of `from` to `to`.
pub(super) fn ways(
    edges: &[Vec<Edge>],
    from: &[usize],
    to: usize,
    limits: &Limits<'_>,
) -> Vec<Vec<Edge>> {
    if from.contains(&to) {
        return vec![Vec::new()];
    }
    let mut depth: HashMap<Stop, usize> = from.iter().map(|table| ((*table, false), 0)).collect();
    let mut queue: VecDeque<Stop> = from.iter().map(|table| (*table, false)).collect();
    let mut into: HashMap<Stop, Vec<(&Edge, Stop)>> = HashMap::new();
    let mut found: Option<usize> = None;
    while let Some(stop) = queue.pop_front() {
        let here = depth[&stop];
        if here >= FARTHEST || found.is_some_and(|found| found <= here) {
            break;
        }
        for edge in &edges[stop.0] {
            let admitted = edge.to == to || limits.over.is_none_or(|over| over.contains(&edge.to));
            if !admitted || (limits.linked && stop.1 && edge.many) {
                continue;
            }
            let next = (edge.to, limits.linked && !edge.many);
            let known = *depth.entry(next).or_insert_with(|| {
                queue.push_back(next);
                here + 1
            });
            if known == here + 1 {
                into.entry(next).or_default().push((edge, stop));
            }
            if edge.to == to {
                found = Some(here + 1);
            }
        }
    }
    back(&into, from, to)
}

/// The ways that lead into `to`, from their ends to their beginnings.
fn back(into: &HashMap<Stop, Vec<(&Edge, Stop)>>, from: &[usize], to: usize) -> Vec<Vec<Edge>> {
    let mut open: Vec<(Stop, Vec<Edge>)> = [(to, false), (to, true)]
        .into_iter()
        .filter(|stop| into.contains_key(stop))
        .map(|stop| (stop, Vec::new()))
        .collect();
    let mut whole: Vec<Vec<Edge>> = Vec::new();
    for _ in 0..=FARTHEST {
        let mut longer = Vec::new();
        for (stop, way) in open {
            if from.contains(&stop.0) {
                whole.push(way);
                continue;
            }
            for (edge, before) in into.get(&stop).into_iter().flatten().take(8) {
                let mut extended = vec![(*edge).clone()];
                extended.extend(way.iter().cloned());
                longer.push((*before, extended));
            }
        }
        longer.truncate(WIDEST);
        open = longer;
    }
    let shortest = whole.iter().map(Vec::len).min();
    whole.retain(|way| Some(way.len()) == shortest);
    whole
}

/// The number of steps of the shortest way between two tables.
pub(super) fn distance(edges: &[Vec<Edge>], from: usize, to: usize) -> Option<usize> {
    let mut seen: HashSet<usize> = HashSet::from([from]);
    let mut ring = vec![from];
    for steps in 0..=FARTHEST {
        if ring.contains(&to) {
            return Some(steps);
        }
        let next = ring.iter().flat_map(|table| &edges[*table]);
        ring = next
            .map(|edge| edge.to)
            .filter(|table| seen.insert(*table))
            .collect();
    }
    None
}
