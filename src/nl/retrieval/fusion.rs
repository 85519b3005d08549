//! Several rankings made one: by places, so that scores of different kinds need no common measure.

/// Softens how much the first places count.
/// Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion" (2009) has 60 for hundreds of documents;
/// few tables are right for a question, so places count more here.
const SMOOTHING: f32 = 5.0;

/// Adds to `fused` what each document's place by `scores` counts, `weight` times. Equal scores
/// share a place; a score of 0 has none.
pub(super) fn add(fused: &mut [f32], scores: &[f32], weight: f32) {
    let mut order: Vec<u32> = (0..scores.len() as u32)
        .filter(|&document| scores[document as usize] > 0.0)
        .collect();
    let score = |document: u32| scores[document as usize];
    order.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)));
    let mut place = 0;
    let mut last = f32::INFINITY;
    for (at, &document) in order.iter().enumerate() {
        if score(document) < last {
            place = at + 1;
            last = score(document);
        }
        fused[document as usize] += weight / (SMOOTHING + place as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::add;

    #[test]
    fn who_is_first_twice_is_first() {
        let mut fused = vec![0.0; 3];
        add(&mut fused, &[3.0, 9.0, 0.0], 1.0);
        add(&mut fused, &[0.1, 0.3, 0.2], 1.0);
        assert!(fused[1] > fused[0] && fused[0] > fused[2], "{fused:?}");
    }

    #[test]
    fn equal_scores_count_the_same() {
        let mut fused = vec![0.0; 4];
        add(&mut fused, &[2.0, 1.0, 2.0, 0.0], 1.0);
        assert!((fused[0] - fused[2]).abs() < f32::EPSILON);
        assert!(fused[1] < fused[0] && fused[1] > 0.0);
        assert!(fused[3] <= 0.0);
    }
}
