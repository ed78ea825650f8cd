	do {
		struct vm_area_struct *vma;
		struct page *page;
		unsigned long nr;

		/*
		 * MADV_POPULATE_(READ|WRITE) wants to handle VMA
		 * lookups+error reporting differently.
		 */
		if (gup_flags & FOLL_MADV_POPULATE) {
			vma = vma_lookup(mm, start);
			if (!vma) {
				ret = -ENOMEM;
				goto out;
			}
			if (check_vma_flags(vma, gup_flags)) {
				ret = -EINVAL;
				goto out;
			}
			goto inside;
		}
		vma = gup_vma_lookup(mm, start);
		if (!vma && in_gate_area(mm, start)) {
			ret = get_gate_page(mm, start & PAGE_MASK, gup_flags,
					    &vma, pages ? &page : NULL);
			if (ret)
				goto out;
			nr = 1;
			if (pages) {
				pages[i] = page;
				flush_anon_page(vma, page, start);
				flush_dcache_page(page);
			}
			goto next;
		}

		if (!vma) {
			ret = -EFAULT;
			goto out;
		}
		ret = check_vma_flags(vma, gup_flags);
		if (ret)
			goto out;
inside:
		nr = min(nr_pages, PHYS_PFN(vma->vm_end - (start & PAGE_MASK)));
		ret = __get_user_pages_vma(vma, start, nr, gup_flags,
					   pages ? pages + i : NULL, locked);
		if (ret != nr) {
			i += max(ret, 0L);
			goto out;
		}
next:
		i += nr;
		start += nr * PAGE_SIZE;
		nr_pages -= nr;
	} while (nr_pages);
out:
	return i ? i : ret;
