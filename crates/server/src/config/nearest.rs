//! The existing name that is most like a wrong one.

use super::keys::KEYS;

/// The key of [`KEYS`] with the smallest edit distance to `wrong`. The first of equals wins.
pub(super) fn nearest(wrong: &str) -> &'static str {
    KEYS.iter()
        .map(|key| key.name)
        .min_by_key(|name| distance(wrong, name))
        .unwrap_or("data.folder")
}

/// Levenshtein distance in bytes; `wrong` is cut at 64 bytes, which no name reaches.
fn distance(wrong: &str, name: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, a) in wrong.bytes().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(name.bytes()) {
            let replaced = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (wrong, name, edits) in
            [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(wrong, name), edits, "{wrong} {name}");
        }
    }

    #[test]
    fn a_typing_mistake_finds_its_key() {
        assert_eq!(nearest("api.lisen"), "api.listen");
        assert_eq!(nearest("database.engin"), "database.engine");
        assert_eq!(nearest("limit.conections_max"), "limits.connections_max");
    }
}
