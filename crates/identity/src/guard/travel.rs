//! Distances, for "nobody travels that fast".
//!
//! Always true: a person's last place is kept as the keyed digest of a cell of five degrees. Who
//! holds the key finds the cell again by trying all 2,592; who holds a copy of the table does not.

/// A cell of five by five degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    row: u8,
    column: u8,
}

/// Degrees of a cell's side.
const SIDE: f64 = 5.0;
const ROWS: u8 = 36;
const COLUMNS: u8 = 72;

impl Cell {
    /// The cell of a point in degrees; `None` when it is no point of this planet.
    pub(crate) fn of((latitude, longitude): (f64, f64)) -> Option<Self> {
        Some(Self {
            row: index(latitude + 90.0, ROWS)?,
            column: index(longitude + 180.0, COLUMNS)?,
        })
    }

    /// Every cell.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| Self { row, column }))
    }

    /// Its middle, in degrees.
    pub(crate) fn middle(self) -> (f64, f64) {
        let at = |n: u8| f64::from(n) * SIDE + SIDE / 2.0;
        (at(self.row) - 90.0, at(self.column) - 180.0)
    }

    /// The form that is digested.
    pub(crate) fn name(self) -> String {
        format!("{}/{}", self.row, self.column)
    }
}

/// Which of `count` steps of five degrees holds this value; the last one is closed.
fn index(degrees: f64, count: u8) -> Option<u8> {
    let holds = |n: &u8| {
        let low = f64::from(*n) * SIDE;
        degrees >= low && (degrees < low + SIDE || (*n + 1 == count && degrees <= low + SIDE))
    };
    (0..count).find(holds)
}

/// Kilometres between two points in degrees, along the surface (haversine).
pub(crate) fn kilometres_between(a: (f64, f64), b: (f64, f64)) -> f64 {
    const RADIUS_KM: f64 = 6_371.0;
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (dlat, dlong) = (lat_b - lat_a, (b.1 - a.1).to_radians());
    let h = (dlat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (dlong / 2.0).sin().powi(2);
    2.0 * RADIUS_KM * h.clamp(0.0, 1.0).sqrt().asin()
}

/// About the middle of a country, in whole degrees; the most populous ones and those of Europe.
/// Others have no middle here, and travel to them is not judged by a file without coordinates.
pub(super) fn middle_of(country: &str) -> Option<(f64, f64)> {
    MIDDLES.iter().find(|(code, _, _)| *code == country).map(|(_, lat, long)| (*lat, *long))
}

#[rustfmt::skip]
const MIDDLES: &[(&str, f64, f64)] = &[
    ("AE", 24.0, 54.0), ("AR", -34.0, -64.0), ("AT", 47.0, 13.0), ("AU", -25.0, 134.0),
    ("BD", 24.0, 90.0), ("BE", 51.0, 4.0), ("BG", 43.0, 25.0), ("BR", -10.0, -55.0),
    ("CA", 56.0, -96.0), ("CH", 47.0, 8.0), ("CL", -30.0, -71.0), ("CN", 35.0, 105.0),
    ("CO", 4.0, -72.0), ("CZ", 50.0, 15.0), ("DE", 51.0, 10.0), ("DK", 56.0, 10.0),
    ("EE", 59.0, 26.0), ("EG", 27.0, 30.0), ("ES", 40.0, -4.0), ("ET", 8.0, 38.0),
    ("FI", 64.0, 26.0), ("FR", 46.0, 2.0), ("GB", 54.0, -2.0), ("GR", 39.0, 22.0),
    ("HK", 22.0, 114.0), ("HR", 45.0, 15.0), ("HU", 47.0, 20.0), ("ID", -5.0, 120.0),
    ("IE", 53.0, -8.0), ("IL", 31.0, 35.0), ("IN", 20.0, 77.0), ("IR", 32.0, 53.0),
    ("IS", 65.0, -18.0), ("IT", 43.0, 13.0), ("JP", 36.0, 138.0), ("KE", 1.0, 38.0),
    ("KR", 37.0, 128.0), ("LT", 56.0, 24.0), ("LU", 50.0, 6.0), ("LV", 57.0, 25.0),
    ("MA", 32.0, -5.0), ("MX", 23.0, -102.0), ("MY", 3.0, 102.0), ("NG", 10.0, 8.0),
    ("NL", 52.0, 6.0), ("NO", 62.0, 10.0), ("NZ", -41.0, 174.0), ("PE", -10.0, -76.0),
    ("PH", 13.0, 122.0), ("PK", 30.0, 70.0), ("PL", 52.0, 20.0), ("PT", 39.0, -8.0),
    ("RO", 46.0, 25.0), ("RS", 44.0, 21.0), ("RU", 60.0, 90.0), ("SA", 24.0, 45.0),
    ("SE", 62.0, 15.0), ("SG", 1.0, 104.0), ("SI", 46.0, 15.0), ("SK", 49.0, 20.0),
    ("TH", 15.0, 100.0), ("TR", 39.0, 35.0), ("TW", 24.0, 121.0), ("UA", 49.0, 32.0),
    ("US", 38.0, -97.0), ("VE", 8.0, -66.0), ("VN", 16.0, 106.0), ("ZA", -29.0, 24.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_of_the_planet_has_one_cell_and_nothing_else_has() {
        for point in [(90.0, 180.0), (-90.0, -180.0), (0.0, 0.0), (52.5, 13.4)] {
            let cell = Cell::of(point).unwrap();
            assert_eq!(Cell::all().filter(|other| *other == cell).count(), 1);
            assert!(kilometres_between(cell.middle(), point) < 400.0, "{point:?}");
        }
        for nowhere in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (f64::INFINITY, 0.0)] {
            assert_eq!(Cell::of(nowhere), None);
        }
        assert_eq!(Cell::all().count(), 2_592);
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let (berlin, sydney) = ((52.5, 13.4), (-33.9, 151.2));
        let km = kilometres_between(berlin, sydney);
        assert!((16_000.0..16_200.0).contains(&km), "{km}");
        assert!(kilometres_between(berlin, berlin) < 0.001);
        let dateline = kilometres_between((0.0, 179.0), (0.0, -179.0));
        assert!((200.0..240.0).contains(&dateline), "{dateline}");
    }

    #[test]
    fn middles_are_sorted_and_on_the_planet() {
        assert!(MIDDLES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(MIDDLES.iter().all(|(_, lat, long)| Cell::of((*lat, *long)).is_some()));
    }
}
