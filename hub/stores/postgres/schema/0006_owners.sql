-- Who may see their own jobs only: their pages cost by the page, not by what others have.

CREATE INDEX events_by_owner ON events (owner, "offset") WHERE channel = 'jobs';
CREATE INDEX jobs_by_owner ON jobs (owner, created_at_us, job_id);  -- their lists
CREATE INDEX jobs_of_owner ON jobs (owner, job_id);                 -- their snapshots
