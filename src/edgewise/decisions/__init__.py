"""What is done with answers: rules, pages, playlists, recommendations."""
