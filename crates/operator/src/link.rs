//! `link`: a link and a separate code for the first owner, while there is none.
